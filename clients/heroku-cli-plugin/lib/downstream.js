// The apps that follow one another because each names the next.

/** The command's base: which app, and what it has downstream. Stops with the old sentence when that is nothing. */
export async function chainOf(command, app, depth) {
  const query = depth ? `?depth=${depth}` : ''
  const {body: chain} = await command.heroku.get(`/apps/${encodeURIComponent(app)}/downstreams${query}`)
  if (chain.length === 0) {
    command.error('Downstream app not specified. Use `heroku pipeline:add DOWNSTREAM_APP` to add one.')
  }

  return {app: chain[0].app.name, downstreams: chain.map(edge => edge.downstream.name)}
}

/** The app, and the one that it names. */
export async function nextOf(command, app) {
  const {app: name, downstreams} = await chainOf(command, app, 1)
  return {app: name, next: downstreams[0]}
}

export const edgeOf = app => `/apps/${encodeURIComponent(app)}/downstream`

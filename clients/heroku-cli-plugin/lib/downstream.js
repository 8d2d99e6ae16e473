// What comes after an app, one at a time: the app that it names, else the only one of its pipeline's next stage.

/** The app as it is called, and what comes after it, the nearest first. Stops with a sentence when that is nothing, or several at once. */
export async function chainOf(command, app, depth = Infinity) {
  let step = await stepOf(command, app)
  if (!onlyOne(step)) command.error(whyNot(step))
  // An edge may lead back to an earlier stage, so that what one has seen is the end, too.
  const chain = [step.app.name]
  for (let next; (next = onlyOne(step)) && !chain.includes(next) && chain.length <= depth; step = await stepOf(command, next)) {
    chain.push(next)
  }

  return {app: chain[0], downstreams: chain.slice(1)}
}

/** The app, and the one that comes after it. */
export async function nextOf(command, app) {
  const step = await stepOf(command, app)
  return {app: step.app.name, next: onlyOne(step) ?? command.error(whyNot(step))}
}

export const edgeOf = app => `/apps/${encodeURIComponent(app)}/downstream`

async function stepOf(command, app) {
  const {body} = await command.heroku.get(`/apps/${encodeURIComponent(app)}/promotes-to`)
  return body
}

const onlyOne = ({apps, why_not: why}) => why == null && apps.length === 1 ? apps[0].name : null

function whyNot({app, stage, apps, why_not: why}) {
  if (apps.length === 0) return 'Downstream app not specified. Use `heroku pipeline:add DOWNSTREAM_APP` to add one.'
  return why ?? `${app.name} promotes to ${apps.length} apps of stage ${stage}: ${apps.map(a => a.name).join(', ')}. `
    + `Name one with \`heroku pipeline:add DOWNSTREAM_APP -a ${app.name}\`, or take all of them with \`heroku pipelines:diff\` and \`heroku pipelines:promote\`.`
}

import {Command, flags} from '@heroku-cli/command'
import {nextOf} from '../../lib/downstream.js'

const count = (n, one) => `${n} ${one}${n === 1 ? '' : 's'}`

export default class PipelineDiff extends Command {
  static description = 'list the commits that the downstream app does not have yet; they come from the server, whatever this folder holds'

  static examples = [
    '$ heroku pipeline:diff -a myapp-staging\nComparing myapp-staging to myapp...done, myapp-staging ahead by 1 commit:\n73ab415  2012-01-01  A super important fix  (Jim)',
  ]

  static flags = {
    app: flags.app({required: true}),
    remote: flags.remote(),
  }

  async run() {
    const {flags} = await this.parse(PipelineDiff)
    const {app, next} = await nextOf(this, flags.app)
    const {body: diff} = await this.heroku.get(`/apps/${encodeURIComponent(app)}/diff?to=${encodeURIComponent(next)}`)
    this.log(`Comparing ${app} to ${next}...done, ${said(app, next, diff)}`)
    for (const {sha, date, subject, author} of diff.commits) {
      this.log(`${sha.slice(0, 7)}  ${date.slice(0, 10)}  ${subject.split('\n')[0]}  (${author})`)
    }

    for (const {change, path} of diff.files) {
      this.log(`${change.padEnd(8)}${path}`)
    }
  }
}

function said(app, next, diff) {
  if (!diff.from.checksum) return `${app} has released nothing yet`
  if (diff.ahead_by > 0) return `${app} ahead by ${count(diff.ahead_by, 'commit')}:`
  if (!diff.to.checksum) return `${next} has released nothing yet`
  if (diff.files.length > 0) return `no history tells more than the files, ${count(diff.files.length, 'path')}:`
  return 'everything is up to date'
}

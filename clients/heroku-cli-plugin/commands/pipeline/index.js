import {Command, flags} from '@heroku-cli/command'
import {chainOf} from '../../lib/downstream.js'

export default class Pipeline extends Command {
  static description = 'show where an app promotes to, app after app'

  static examples = ['$ heroku pipeline -a myapp-staging\nPipeline: myapp-staging ---> myapp']

  static flags = {
    app: flags.app({required: true}),
    remote: flags.remote(),
    depth: flags.integer({char: 'd', description: 'how many apps to show', min: 1}),
  }

  async run() {
    const {flags} = await this.parse(Pipeline)
    const {app, downstreams} = await chainOf(this, flags.app, flags.depth)
    this.log(`Pipeline: ${[app, ...downstreams].join(' ---> ')}`)
  }
}

import {Command, flags} from '@heroku-cli/command'
import {Args} from '@oclif/core'
import {edgeOf} from '../../lib/downstream.js'

export default class PipelineAdd extends Command {
  static description = 'name the one app that this app promotes to'

  static examples = ['$ heroku pipeline:add myapp -a myapp-staging\nAdded downstream app: myapp']

  static args = {downstream: Args.string({required: true, description: 'the app to promote to'})}

  static flags = {
    app: flags.app({required: true}),
    remote: flags.remote(),
  }

  async run() {
    const {args, flags} = await this.parse(PipelineAdd)
    await this.heroku.put(edgeOf(flags.app), {body: {app: args.downstream}})
    this.log(`Added downstream app: ${args.downstream}`)
  }
}

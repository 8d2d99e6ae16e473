import {Command, flags} from '@heroku-cli/command'
import {Args} from '@oclif/core'
import {edgeOf} from '../../lib/downstream.js'

export default class PipelineRemove extends Command {
  static description = 'let this app promote to that one no longer'

  static examples = ['$ heroku pipeline:remove myapp -a myapp-staging\nRemoved downstream app: myapp']

  static args = {downstream: Args.string({required: true, description: 'the app that it named'})}

  static flags = {
    app: flags.app({required: true}),
    remote: flags.remote(),
  }

  async run() {
    const {args, flags} = await this.parse(PipelineRemove)
    await this.heroku.delete(`${edgeOf(flags.app)}?app=${encodeURIComponent(args.downstream)}`)
    this.log(`Removed downstream app: ${args.downstream}`)
  }
}

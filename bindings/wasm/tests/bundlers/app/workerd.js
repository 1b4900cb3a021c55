import { edit } from './src/edit.js'

export default {
  fetch: () => new Response(edit()),
}

// What the declarations of a package offer, by the TypeScript compiler.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const kOptions = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext' }

export function compilerOf(project) {
  const ts = createRequire(join(project, 'index.js'))('typescript')
  const { options } = ts.convertCompilerOptionsFromJson(kOptions, project)
  return { ts, options }
}

// Map of names, as in members.mjs, to "value", "type" or "member".
export function declaredMembers(project) {
  const { ts, options } = compilerOf(project)
  const file = join(project, 'declared.ts')
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = name => name === file || fileExists(name)
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, "import * as Y from 'yjs'\nexport { Y }\n", ts.ScriptTarget.ES2022) : getSourceFile.call(host, name, ...rest)
  const program = ts.createProgram([file], options, host)
  const checker = program.getTypeChecker()
  const from = program.getSourceFile(file).statements[0].moduleSpecifier
  const module = checker.getSymbolAtLocation(from)
  if (!module) throw new Error(`${project} declares no types of yjs`)
  const found = new Map()
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const name = exported.getName()
    found.set(name, symbol.flags & ts.SymbolFlags.Value ? 'value' : 'type')
    const isPublic = member => !(ts.getDeclarationModifierFlagsFromSymbol?.(member) & ts.ModifierFlags.NonPublicAccessibilityModifier)
    if (symbol.flags & ts.SymbolFlags.Class) {
      for (const member of checker.getDeclaredTypeOfSymbol(symbol).getProperties()) {
        if (isPublic(member)) found.set(`${name}#${memberName(member)}`, 'member')
      }
      for (const member of checker.getTypeOfSymbolAtLocation(symbol, from).getProperties()) {
        if (member.getName() !== 'prototype') found.set(`${name}.${memberName(member)}`, 'member')
      }
    }
  }
  return found
}

// The compiler writes the name of a well-known symbol with a number behind it.
const memberName = member => member.getName().replace(/^__@(\w+)@\d+$/, '[Symbol.$1]')

// Errors of a program whose file stands in the project, a line each.
export function check(project, files, paths = {}) {
  const { ts, options } = compilerOf(project)
  const program = ts.createProgram(files, { ...options, paths })
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const { line } = file?.getLineAndCharacterOfPosition(start) ?? { line: 0 }
    return `${file?.fileName.split('/').pop() ?? ''}:${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

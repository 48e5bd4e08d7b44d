import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What the code of a command can throw, read from the program by the compiler: nothing is run. */
export interface ThrownRefusals {
  /** Codes by the name of the command, without those of every command. */
  readonly ofCommands: ReadonlyMap<string, ReadonlySet<string>>;
  /** Codes that are thrown anywhere in the program. */
  readonly anywhere: ReadonlySet<string>;
}

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** Functions that make a refusal, by the place of the code among their arguments. */
const THROWERS: Readonly<Record<string, number>> = { refuse: 0, forbid: 0, invalid: 0, unavailable: 0, Refusal: 1 };

/** Methods of a transaction that refuse something which depends on the aggregate that they are given. */
const OF_THE_AGGREGATE = new Set(['existing', 'target']);
const OF_THE_REVISION = new Set(['target', 'isAbout']);

/** @param declared all codes: where a parameter takes only these, a literal argument is thrown. */
export function readThrownRefusals(declared: ReadonlySet<string>): ThrownRefusals {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${SRC}../tsconfig.json`, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    `${SRC}..`,
  );
  const program = ts.createProgram(
    files.map((file) => SRC + file),
    { ...options, noEmit: true },
  );
  const reader = new Reader(program.getTypeChecker(), declared);
  const sources = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(SRC));
  const ofCommands = new Map<string, ReadonlySet<string>>();
  for (const source of sources.filter(({ fileName }) => fileName.endsWith('.commands.ts'))) {
    for (const [name, decide] of commandsOf(source)) ofCommands.set(name, reader.reachedFrom(decide));
  }
  return { ofCommands, anywhere: new Set(sources.flatMap((source) => [...reader.within(source)])) };
}

/** `export const PledgeCommitment = ledgerCommand({ ... }, (tx, input) => ...)`: the name and the function. */
function commandsOf(source: ts.SourceFile): (readonly [string, ts.Node])[] {
  return source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) =>
    declarationList.declarations.flatMap(({ name, initializer }) => {
      if (!initializer || !ts.isCallExpression(initializer)) return [];
      if (!/^(prepared)?ledgerCommand$/i.test(initializer.expression.getText())) return [];
      const [, decide] = initializer.arguments;
      return decide ? [[name.getText(), decide] as const] : [];
    }),
  );
}

/** `refusals: [...]`: what is declared, not what is thrown. */
const isList = (node: ts.Node): boolean => ts.isPropertyAssignment(node) && node.name.getText() === 'refusals';

/** More than any variable lists that is thrown. */
const CODES_OF_A_VARIABLE_MAX = 5;

const literal = (argument: ts.Expression | undefined): readonly string[] =>
  argument && ts.isStringLiteral(argument) ? [argument.text] : [];

/** What a function has. */
interface Found {
  /** Codes that it throws. */
  readonly own: ReadonlySet<string>;
  /** Codes that it throws for some caller, and does not name. */
  readonly listed: ReadonlySet<string>;
  /** Functions that it uses. */
  readonly uses: readonly ts.Node[];
}

class Reader {
  private readonly known = new Map<ts.Node, Found>();

  constructor(
    private readonly types: ts.TypeChecker,
    private readonly declared: ReadonlySet<string>,
  ) {}

  /** Codes that a function throws itself, or through whatever function of the program it names. */
  reachedFrom(start: ts.Node): ReadonlySet<string> {
    const codes = new Set<string>();
    const seen = new Set<ts.Node>();
    const open = [start];
    for (let node = open.pop(); node; node = open.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      const { own, uses } = this.read(node);
      for (const code of own) codes.add(code);
      open.push(...uses);
    }
    return codes;
  }

  within(node: ts.Node): ReadonlySet<string> {
    const { own, listed } = this.read(node);
    return new Set([...own, ...listed]);
  }

  private read(root: ts.Node): Found {
    const known = this.known.get(root);
    if (known) return known;
    const own = new Set<string>();
    const listed = new Set<string>();
    const uses: ts.Node[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isTypeNode(node) || isList(node)) return;
      if (ts.isStringLiteral(node)) for (const code of this.codesBy(node)) own.add(code);
      if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
        for (const code of this.codesOf(node)) own.add(code);
        for (const code of (node.arguments ?? []).flatMap((argument) => this.wordsOf(argument))) listed.add(code);
      }
      if (ts.isIdentifier(node)) uses.push(...this.functionsNamedBy(node));
      ts.forEachChild(node, visit);
    };
    ts.forEachChild(root, visit);
    const found = { own, listed, uses };
    this.known.set(root, found);
    return found;
  }

  private codesOf(call: ts.CallExpression | ts.NewExpression): readonly string[] {
    const name = (ts.isPropertyAccessExpression(call.expression) ? call.expression.name : call.expression).getText();
    const declared = this.declarationsOf(
      ts.isPropertyAccessExpression(call.expression) ? call.expression.name : call.expression,
    )[0]?.getSourceFile().fileName;
    const args = call.arguments ?? [];
    if (declared?.endsWith('/ledger/refusal.ts')) {
      if (name === 'unknown') return literal(args[0]).map((what) => `unknown-${what}`);
      const at = THROWERS[name];
      return at === undefined ? [] : literal(args[at]);
    }
    const isOfTransaction = declared?.endsWith('/ledger/transaction.ts') && declared !== call.getSourceFile().fileName;
    if (!isOfTransaction) return [];
    return [
      ...(OF_THE_AGGREGATE.has(name) ? [`unknown-${this.nameOfAggregate(args[0])}`] : []),
      ...(OF_THE_REVISION.has(name) ? ['stale-revision'] : []),
      ...(name === 'requireOwn' ? ['not-own'] : []),
    ];
  }

  /** The codes that the type of an argument lists. A variable may hold one of several codes; each of them can be thrown. */
  private wordsOf(argument: ts.Expression): readonly string[] {
    const type = this.types.getTypeAtLocation(argument);
    const words = (type.isUnion() ? type.types : [type]).flatMap((one) => (one.isStringLiteral() ? [one.value] : []));
    // A parameter that takes every code, or every code of a kind, says nothing.
    return words.length > CODES_OF_A_VARIABLE_MAX ? [] : words;
  }

  /** The code of a literal that stands where only codes may stand, or only the things of `unknown-<thing>`. */
  private codesBy(node: ts.StringLiteral): readonly string[] {
    const type = this.types.getContextualType(node);
    const words = (type?.isUnion() ? type.types : []).map((one) => (one.isStringLiteral() ? one.value : ''));
    const codes = [node.text, `unknown-${node.text}`];
    const prefix = ['', 'unknown-'].findIndex((prefix) => words.every((word) => this.declared.has(prefix + word)));
    return words.length === 0 ? [] : codes.slice(prefix, prefix + 1);
  }

  private nameOfAggregate(argument: ts.Expression | undefined): string {
    const [declaration] = argument ? this.declarationsOf(argument) : [];
    if (declaration && ts.isVariableDeclaration(declaration)) {
      const { initializer } = declaration;
      const properties = initializer && ts.isObjectLiteralExpression(initializer) ? initializer.properties : [];
      for (const property of properties) {
        if (ts.isPropertyAssignment(property) && property.name.getText() === 'name') {
          const name = this.types.getTypeAtLocation(property.initializer);
          if (name.isStringLiteral()) return name.value;
        }
      }
    }
    throw new Error(`${argument?.getText()} is no aggregate by its name.`);
  }

  /** Bodies of the functions of the program that an identifier stands for. A transaction is read by `codesOf`. */
  private functionsNamedBy(identifier: ts.Identifier): readonly ts.Node[] {
    return this.declarationsOf(identifier).filter((declaration) => {
      const { fileName } = declaration.getSourceFile();
      if (!fileName.startsWith(SRC) || /\/ledger\/(transaction|refusal)\.ts$/.test(fileName)) return false;
      if (ts.isFunctionDeclaration(declaration) || ts.isMethodDeclaration(declaration)) return true;
      const isConstant = ts.isVariableDeclaration(declaration) && declaration.initializer !== undefined;
      return isConstant && ts.isArrowFunction(declaration.initializer as ts.Expression);
    });
  }

  private declarationsOf(node: ts.Node): readonly ts.Declaration[] {
    const symbol = this.types.getSymbolAtLocation(node);
    if (!symbol) return [];
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return (isAlias ? this.types.getAliasedSymbol(symbol) : symbol).declarations ?? [];
  }
}

import ts from 'typescript';

/** One small change of a source file that a test should notice. */
export interface Mutant {
  /** Path from the root of the repository. */
  readonly file: string;
  readonly line: number;
  /** The line before the change, without spaces around it. */
  readonly text: string;
  /** What is changed, e.g. `< to <=`. */
  readonly change: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

type Change = readonly [node: ts.Node | readonly [start: number, end: number], replacement: string, change: string];

const OPERATORS: ReadonlyMap<ts.SyntaxKind, string> = new Map([
  [ts.SyntaxKind.LessThanToken, '<='],
  [ts.SyntaxKind.LessThanEqualsToken, '<'],
  [ts.SyntaxKind.GreaterThanToken, '>='],
  [ts.SyntaxKind.GreaterThanEqualsToken, '>'],
  [ts.SyntaxKind.EqualsEqualsEqualsToken, '!=='],
  [ts.SyntaxKind.ExclamationEqualsEqualsToken, '==='],
  [ts.SyntaxKind.AmpersandAmpersandToken, '||'],
  [ts.SyntaxKind.BarBarToken, '&&'],
  [ts.SyntaxKind.PlusToken, '-'],
  [ts.SyntaxKind.MinusToken, '+'],
  [ts.SyntaxKind.AsteriskToken, '/'],
  [ts.SyntaxKind.SlashToken, '*'],
  [ts.SyntaxKind.PercentToken, '*'],
  [ts.SyntaxKind.PlusEqualsToken, '-='],
  [ts.SyntaxKind.MinusEqualsToken, '+='],
]);
const METHODS: Readonly<Record<string, string>> = { every: 'some', some: 'every', min: 'max', max: 'min' };

/** All mutants of a file, in the order of the text. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    // What is gone at run time cannot be tested, and messages and names of properties are no rules.
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    for (const [place, replacement, change] of changesAt(node)) {
      const [start, end] = Array.isArray(place) ? (place as [number, number]) : startEnd(place as ts.Node);
      const { line } = tree.getLineAndCharacterOfPosition(start);
      const text = source.split('\n', line + 1)[line]?.trim() ?? '';
      mutants.push({ file, line: line + 1, text, change, start, end, replacement });
    }
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(tree, visit);
  return mutants;
}

const startEnd = (node: ts.Node): [number, number] => [node.getStart(), node.getEnd()];

function changesAt(node: ts.Node): Change[] {
  if (ts.isIfStatement(node) || ts.isConditionalExpression(node)) {
    const condition = ts.isIfStatement(node) ? node.expression : node.condition;
    return [
      [condition, 'false', 'condition to false'],
      [condition, 'true', 'condition to true'],
    ];
  }
  if (ts.isBinaryExpression(node)) return operator(node);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    return [[node, `(${node.operand.getText()})`, '! left out']];
  }
  if (ts.isExpressionStatement(node) || ts.isThrowStatement(node)) return [[node, ';', 'statement left out']];
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [[node, 'false', 'true to false']];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [[node, 'true', 'false to true']];
  if (ts.isNumericLiteral(node) || ts.isBigIntLiteral(node))
    return [[node, `(${node.getText()} + ${one(node)})`, 'one more']];
  if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent) && node.parent.expression === node) {
    const other = METHODS[node.name.text];
    return other === undefined ? [] : [[node.name, other, `${node.name.text} to ${other}`]];
  }
  if (ts.isStringLiteral(node)) return word(node);
  return [];
}

const one = (node: ts.NumericLiteral | ts.BigIntLiteral): string => (ts.isBigIntLiteral(node) ? '1n' : '1');

function operator({ operatorToken, left, right }: ts.BinaryExpression): Change[] {
  const other = OPERATORS.get(operatorToken.kind);
  if (other === undefined) return [];
  const isText = [left, right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
  if (isText && operatorToken.kind === ts.SyntaxKind.PlusToken) return [];
  return [[operatorToken, other, `${operatorToken.getText()} to ${other}`]];
}

/** A code or a name, and not a sentence for people. */
function word(node: ts.StringLiteral): Change[] {
  const isName = ts.isPropertyAssignment(node.parent) && node.parent.name === node;
  if (isName || ts.isElementAccessExpression(node.parent) || !/^[\w-]+$/.test(node.text)) return [];
  return [[node, `'${node.text}-mutated'`, `'${node.text}' to another word`]];
}

/** The source with the change in it. */
export const mutated = (source: string, { start, end, replacement }: Mutant): string =>
  source.slice(0, start) + replacement + source.slice(end);

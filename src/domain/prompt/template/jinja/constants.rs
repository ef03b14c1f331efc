//! What a template is before it is compiled: the engine works out constants while it compiles, and walks expressions as deep as they are.

use minijinja::{
    Value,
    machinery::{
        Span, Token,
        ast::{BinOpKind, CallArg, Expr, Filter, Stmt},
        tokenize,
    },
    syntax::SyntaxConfig,
};

use super::{
    super::{TemplateError, too_large_for},
    names,
};

/// Operators, attributes, filters and calls that follow each other in one tag, with those around them.
const MOST_OPERATORS: usize = 150;
/// `elif` of one `if`, with those around it.
const MOST_BRANCHES: usize = 75;
/// Bytes of all constants that are worked out.
const MOST_CONSTANT: usize = 16 << 20;

/// Refuses expressions that are too deep to walk.
///
/// # Errors
/// The place where they are.
pub(super) fn shallow(source: &str, syntax: SyntaxConfig) -> Result<(), TemplateError> {
    let mut depth = Depth { operators: vec![0], branches: Vec::new() };
    let mut begins = false;
    // What cannot be taken apart is told by the parser.
    for (token, span) in tokenize(source, false, syntax).map_while(Result::ok) {
        if let Some(refused) = depth.take(&token, begins) {
            return Err(TemplateError::at(source, usize::try_from(span.start_offset).unwrap_or(0), refused));
        }
        begins = matches!(token, Token::BlockStart);
    }
    Ok(())
}

/// How deep the parser is at a token.
struct Depth {
    /// Operators of the expression, for each bracket around.
    operators: Vec<usize>,
    /// `elif` so far, for each `if` around.
    branches: Vec<usize>,
}

impl Depth {
    /// Takes a token; says why it is one too many. `begins`: whether it is the first of a tag.
    fn take(&mut self, token: &Token<'_>, begins: bool) -> Option<String> {
        if matches!(token, Token::BlockStart | Token::VariableStart) {
            self.operators = vec![0];
        } else if begins && matches!(token, Token::Ident("if")) {
            self.branches.push(0);
        } else if begins && matches!(token, Token::Ident("endif")) {
            self.branches.pop();
        } else if begins && matches!(token, Token::Ident("elif")) {
            if let Some(branches) = self.branches.last_mut() {
                *branches += 1;
            }
            if self.branches.iter().sum::<usize>() > MOST_BRANCHES {
                return Some(format!("more than {MOST_BRANCHES} branches of one `if`: write several"));
            }
        } else if matches!(token, Token::BracketClose | Token::ParenClose | Token::BraceClose) {
            if self.operators.len() > 1 {
                self.operators.pop();
            }
        } else if let Some(operators) = self.operators.last_mut() {
            if matches!(token, Token::Comma) {
                *operators = 0;
            } else if is_operator(token) {
                *operators += 1;
                if self.operators.iter().sum::<usize>() > MOST_OPERATORS {
                    return Some(format!("more than {MOST_OPERATORS} operators in one expression: `set` parts of it"));
                }
                if matches!(token, Token::BracketOpen | Token::ParenOpen | Token::BraceOpen) {
                    self.operators.push(0);
                }
            }
        }
        None
    }
}

fn is_operator(token: &Token<'_>) -> bool {
    if let Token::Ident(word) = token {
        return matches!(*word, "and" | "or" | "not" | "is" | "in" | "if" | "else");
    }
    !matches!(
        token,
        Token::TemplateData(_)
            | Token::VariableStart
            | Token::VariableEnd
            | Token::BlockStart
            | Token::BlockEnd
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::Comma
            | Token::Colon
            | Token::BracketClose
            | Token::ParenClose
            | Token::BraceClose
    )
}

/// Refuses constants that would fill the memory while the template is compiled, filters and tests that there are not, and whatever
/// reaches another template.
///
/// # Errors
/// The first of them, with its place.
pub(super) fn small(parsed: &Stmt<'_>, source: &str, limit: usize) -> Result<(), TemplateError> {
    let mut constants = Constants { source, put: 0, limit: limit.min(MOST_CONSTANT) };
    constants.statement(parsed)
}

struct Constants<'s> {
    source: &'s str,
    /// Bytes of all constants so far.
    put: usize,
    limit: usize,
}

/// What a constant expression comes to, at most.
#[derive(Debug, Clone, Copy)]
struct Constant {
    bytes: usize,
    /// How often a text is repeated by it.
    times: usize,
    is_number: bool,
}

impl Constant {
    fn text(bytes: usize) -> Self {
        Self { bytes, times: 1, is_number: false }
    }

    /// A number, with the digits that the longest has.
    fn number(times: usize) -> Self {
        Self { bytes: 330, times, is_number: true }
    }

    fn of(value: &Value) -> Self {
        match value.as_str() {
            Some(text) => Self::text(text.len()),
            None if value.is_number() => Self::number(value.as_usize().unwrap_or(usize::MAX)),
            None => Self::text(5),
        }
    }
}

impl Constants<'_> {
    fn refused(&self, span: Span, message: impl Into<String>) -> TemplateError {
        TemplateError::at(self.source, usize::try_from(span.start_offset).unwrap_or(0), message)
    }

    fn another(&self, span: Span, tag: &str) -> TemplateError {
        self.refused(span, format!("`{tag}` reaches another template, and a prompt has no other: write its text here"))
    }

    fn statements(&mut self, all: &[Stmt<'_>]) -> Result<(), TemplateError> {
        all.iter().try_for_each(|one| self.statement(one))
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Result<(), TemplateError> {
        match statement {
            Stmt::EmitRaw(_) => Ok(()),
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.read(&emit.expr),
            Stmt::ForLoop(each) => {
                self.all([&each.target, &each.iter].into_iter().chain(&each.filter_expr))?;
                self.statements(&each.body)?;
                self.statements(&each.else_body)
            }
            Stmt::IfCond(condition) => {
                self.read(&condition.expr)?;
                self.statements(&condition.true_body)?;
                self.statements(&condition.false_body)
            }
            Stmt::WithBlock(with) => {
                self.all(with.assignments.iter().map(|(_, value)| value))?;
                self.statements(&with.body)
            }
            Stmt::Set(set) => self.all([&set.target, &set.expr]),
            Stmt::SetBlock(set) => {
                self.all(&set.filter)?;
                self.statements(&set.body)
            }
            Stmt::AutoEscape(escape) => {
                self.read(&escape.enabled)?;
                self.statements(&escape.body)
            }
            Stmt::FilterBlock(filter) => {
                self.read(&filter.filter)?;
                self.statements(&filter.body)
            }
            Stmt::Block(block) => self.statements(&block.body),
            Stmt::Macro(made) => {
                self.all(&made.defaults)?;
                self.statements(&made.body)
            }
            Stmt::CallBlock(call) => {
                self.read(&call.call.expr)?;
                self.arguments(&call.call.args)?;
                self.all(&call.macro_decl.defaults)?;
                self.statements(&call.macro_decl.body)
            }
            Stmt::Do(call) => {
                self.read(&call.call.expr)?;
                self.arguments(&call.call.args)
            }
            Stmt::Import(import) => Err(self.another(import.span(), "import")),
            Stmt::FromImport(import) => Err(self.another(import.span(), "import")),
            Stmt::Extends(extends) => Err(self.another(extends.span(), "extends")),
            Stmt::Include(include) => Err(self.another(include.span(), "include")),
        }
    }

    fn read(&mut self, expression: &Expr<'_>) -> Result<(), TemplateError> {
        self.constant(expression).map(drop)
    }

    fn all<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr<'e>>) -> Result<(), TemplateError> {
        expressions.into_iter().try_for_each(|expression| self.read(expression))
    }

    fn arguments(&mut self, arguments: &[CallArg<'_>]) -> Result<(), TemplateError> {
        arguments.iter().try_for_each(|argument| match argument {
            CallArg::Pos(value) | CallArg::Kwarg(_, value) | CallArg::PosSplat(value) | CallArg::KwargSplat(value) => self.read(value),
        })
    }

    /// What an expression comes to, where it is constant.
    fn constant(&mut self, expression: &Expr<'_>) -> Result<Option<Constant>, TemplateError> {
        let found = match expression {
            Expr::Var(_) => None,
            Expr::Const(constant) => Some(Constant::of(&constant.value)),
            Expr::List(list) => self.list(list.items.iter())?,
            Expr::Tuple(list) => self.list(list.items.iter())?,
            Expr::Map(map) => self.list(map.keys.iter().chain(&map.values))?,
            Expr::UnaryOp(operation) => self.constant(&operation.expr)?,
            Expr::BinOp(operation) => match (self.constant(&operation.left)?, self.constant(&operation.right)?) {
                (Some(left), Some(right)) => Some(combined(operation.op, left, right)),
                (_, _) => None,
            },
            Expr::Compare(compare) => {
                let mut all = self.constant(&compare.expr)?.is_some();
                for operand in &compare.ops {
                    all &= self.constant(&operand.expr)?.is_some();
                }
                all.then_some(Constant::text(5))
            }
            Expr::Slice(_) | Expr::IfExpr(_) | Expr::Filter(_) | Expr::Test(_) | Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Call(_) => {
                self.parts(expression)?;
                None
            }
        };
        if let Some(found) = found {
            self.put = self.put.saturating_add(found.bytes);
            if self.put > self.limit {
                return Err(self.refused(expression.span(), format!("{}: what its constants come to", too_large_for(self.limit))));
            }
        }
        Ok(found)
    }

    /// Looks into an expression that is no constant.
    fn parts(&mut self, expression: &Expr<'_>) -> Result<(), TemplateError> {
        match expression {
            Expr::Slice(slice) => self.all([&slice.expr].into_iter().chain(&slice.start).chain(&slice.stop).chain(&slice.step)),
            Expr::IfExpr(choice) => self.all([&choice.test_expr, &choice.true_expr].into_iter().chain(&choice.false_expr)),
            Expr::Filter(filter) => {
                if let Some(unknown) = names::unknown_filter(filter.name).or_else(|| called(filter)) {
                    return Err(self.refused(filter.span(), unknown));
                }
                self.all(&filter.expr)?;
                self.arguments(&filter.args)
            }
            Expr::Test(test) => {
                if let Some(unknown) = names::unknown_test(test.name) {
                    return Err(self.refused(test.span(), unknown));
                }
                self.read(&test.expr)?;
                self.arguments(&test.args)
            }
            Expr::GetAttr(attribute) => self.read(&attribute.expr),
            Expr::GetItem(item) => self.all([&item.expr, &item.subscript_expr]),
            Expr::Call(call) => {
                self.read(&call.expr)?;
                self.arguments(&call.args)
            }
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Map(_)
            | Expr::UnaryOp(_)
            | Expr::BinOp(_)
            | Expr::Compare(_) => Ok(()),
        }
    }

    fn list<'e>(&mut self, items: impl Iterator<Item = &'e Expr<'e>>) -> Result<Option<Constant>, TemplateError> {
        let mut sum = Some(24);
        for item in items {
            let bytes = self.constant(item)?.map(|item| item.bytes.saturating_add(24));
            sum = sum.zip(bytes).map(|(sum, bytes): (usize, usize)| sum.saturating_add(bytes));
        }
        Ok(sum.map(Constant::text))
    }
}

/// What is wrong with the name of a filter or test that a filter is to call.
fn called(filter: &Filter<'_>) -> Option<String> {
    let unknown = match filter.name {
        "map" => names::unknown_filter,
        "select" | "reject" | "selectattr" | "rejectattr" => names::unknown_test,
        _ => return None,
    };
    let position = usize::from(filter.name.ends_with("attr"));
    let Some(CallArg::Pos(Expr::Const(name))) = filter.args.get(position) else { return None };
    unknown(name.value.as_str()?)
}

fn combined(operator: BinOpKind, left: Constant, right: Constant) -> Constant {
    let sum = left.bytes.saturating_add(right.bytes);
    let both = left.is_number && right.is_number;
    // Of numbers that cannot be told the largest that they can be.
    let of = |compute: fn(usize, usize) -> usize| {
        if both { Constant::number(compute(left.times, right.times)) } else { Constant::text(sum) }
    };
    match operator {
        BinOpKind::Mul if !both => Constant::text(left.bytes.saturating_mul(right.times).max(right.bytes.saturating_mul(left.times))),
        BinOpKind::Mul => of(usize::saturating_mul),
        BinOpKind::Pow => of(|base, exponent| base.saturating_pow(u32::try_from(exponent).unwrap_or(u32::MAX))),
        BinOpKind::Add | BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem => of(usize::saturating_add),
        BinOpKind::ScAnd | BinOpKind::ScOr => Constant { bytes: sum, times: left.times.max(right.times), is_number: both },
        BinOpKind::Concat => Constant::text(sum),
        BinOpKind::Eq | BinOpKind::Ne | BinOpKind::Lt | BinOpKind::Lte | BinOpKind::Gt | BinOpKind::Gte | BinOpKind::In => {
            Constant::text(5)
        }
    }
}

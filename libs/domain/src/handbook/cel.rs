//! Conditions and formulas in CEL. They are compiled when the handbook is loaded and checked against the table of
//! facts, so that at run time nothing is left to go wrong but arithmetic overflow.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ParseError, Program, Value};

use super::facts::Facts;
use super::problem::Report;
use super::read::{FromToml, Node, string};
use super::source::{Span, offset_in_string};
use super::typing::{self, Type};

static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition over the facts: true or false.
#[derive(Clone)]
pub struct Condition(Arc<Expression>);

/// A formula over the facts: a whole number.
#[derive(Clone)]
pub struct Formula(Arc<Expression>);

/// An expression, compiled.
pub(crate) struct Expression {
    pub(crate) source: String,
    pub(crate) program: Program,
}

/// An expression at its place in the file, to be checked when all names are known.
pub(crate) struct Written {
    pub(crate) expression: Arc<Expression>,
    pub(crate) wants: Type,
    pub(crate) at: Span,
}

/// An expression that could not be evaluated, which only overflow can cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot evaluate `{expression}`: {reason}")]
pub struct EvaluationError {
    /// The expression as written.
    pub expression: String,
    /// What went wrong.
    pub reason: String,
}

macro_rules! expression_kind {
    ($name:ident, $expected:literal, $wants:expr) => {
        impl $name {
            /// The expression as written.
            #[must_use]
            pub fn source(&self) -> &str {
                &self.0.source
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0.source, formatter)
            }
        }

        impl FromToml for $name {
            const EXPECTED: &'static str = $expected;

            fn read(node: &Node<'_>, report: &mut Report<'_>) -> Option<Self> {
                let expression = compile(node, $expected, report)?;
                report.expression(Written {
                    expression: Arc::clone(&expression),
                    wants: $wants,
                    at: node.span().into(),
                });
                Some(Self(expression))
            }
        }
    };
}

expression_kind!(Condition, "a condition in CEL over the documented facts", Type::Flag);
expression_kind!(Formula, "a whole number in CEL over the documented facts", Type::Number);

impl Condition {
    /// The facts that it names, such as `order.known`.
    #[must_use]
    pub fn facts(&self) -> BTreeSet<String> {
        typing::facts_of(&self.0)
    }
}

fn compile(node: &Node<'_>, expected: &str, report: &mut Report<'_>) -> Option<Arc<Expression>> {
    let source = string(node, expected, report)?;
    match Program::compile(source) {
        Ok(program) => Some(Arc::new(Expression { source: source.to_owned(), program })),
        Err(errors) => {
            for error in errors.errors {
                let inner = offset_of(source, &error);
                let at = offset_in_string(report.text, node.span().into(), inner);
                let (wrong, wanted) = said(&error.msg, expected);
                report.add(Span { start: at, end: at }, wrong, wanted);
            }
            None
        }
    }
}

/// The byte at which the parser says that the error is.
fn offset_of(source: &str, error: &ParseError) -> usize {
    let line = usize::try_from(error.pos.0).unwrap_or(1).max(1) - 1;
    let column = usize::try_from(error.pos.1).unwrap_or(1).max(1) - 1;
    let line_start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
    let before: usize = source[line_start..].chars().take(column).map(char::len_utf8).sum();
    line_start + before
}

/// What is wrong and what was expected, taken from the parser's message.
fn said(message: &str, expected: &str) -> (String, String) {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    match message.split_once(" expecting ") {
        Some((wrong, tokens)) if tokens.len() < 40 => (wrong.to_owned(), tokens.to_owned()),
        Some((wrong, _)) => (wrong.to_owned(), "a value, a fact or an expression in brackets".to_owned()),
        None => (message.to_owned(), expected.to_owned()),
    }
}

impl Written {
    /// Checks names and types.
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        typing::check(self, report);
    }

    /// Where byte `inner` of the expression stands in the file.
    pub(crate) fn place(&self, inner: usize, report: &Report<'_>) -> Span {
        let at = offset_in_string(report.text, self.at, inner);
        Span { start: at, end: at }
    }
}

/// The facts and figures in a form in which many expressions can be evaluated.
pub struct Scope {
    context: Context<'static, 'static>,
}

impl Scope {
    pub(crate) fn new<'f>(facts: &Facts, figures: impl Iterator<Item = (&'f str, i64)>) -> Self {
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        for (group, values) in facts.groups() {
            context.add_variable_from_value(group, values);
        }
        let figures: HashMap<String, Value> =
            figures.map(|(name, figure)| (name.to_owned(), Value::Int(figure))).collect();
        context.add_variable_from_value("figures", figures);
        Self { context }
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow.
    pub fn holds(&self, condition: &Condition) -> Result<bool, EvaluationError> {
        match self.evaluate(&condition.0)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(condition.0.failed(format!("it gave {other:?}, not true or false"))),
        }
    }

    /// Whether the condition holds, or there is none.
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow.
    pub fn holds_if_any(&self, condition: Option<&Condition>) -> Result<bool, EvaluationError> {
        condition.map_or(Ok(true), |condition| self.holds(condition))
    }

    /// The number that the formula gives.
    ///
    /// # Errors
    /// [`EvaluationError`] on arithmetic overflow.
    pub fn number(&self, formula: &Formula) -> Result<i64, EvaluationError> {
        match self.evaluate(&formula.0)? {
            Value::Int(number) => Ok(number),
            other => Err(formula.0.failed(format!("it gave {other:?}, not a whole number"))),
        }
    }

    fn evaluate(&self, expression: &Expression) -> Result<Value, EvaluationError> {
        expression.program.execute(&self.context).map_err(|error| expression.failed(error.to_string()))
    }
}

impl Expression {
    fn failed(&self, reason: String) -> EvaluationError {
        EvaluationError { expression: self.source.clone(), reason }
    }
}

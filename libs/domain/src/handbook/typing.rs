//! Checks expressions before they ever run: every name must be a fact or figure, and every operator and function
//! must fit its operands. A text that is compared with a fact that has only certain values must be one of these.
//!
//! The part of CEL that handbooks may use: literals, facts, `&& || !`, `== != < <= > >=`, `+ - *`, division by a
//! number, `? :`, `in`, lists, `size`, `contains`, `startsWith`, `endsWith`, and `exists`, `all`, `exists_one`.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, operators};

use super::cel::{Expression, Written};
use super::facts::{Domain, FactInfo, FactType, fact_table};
use super::names::NameKind;
use super::problem::{Report, nearest};

/// The type of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Flag,
    Number,
    Text(Option<Domain>),
    List(Box<Type>),
    /// Of something that is wrong and has been noted; fits everything.
    Wrong,
}

impl Type {
    fn name(&self) -> String {
        match self {
            Self::Flag => "true or false".into(),
            Self::Number => "a whole number".into(),
            Self::Text(None) => "a text".into(),
            Self::Text(Some(domain)) => format!("a {}", domain.what()),
            Self::List(item) => format!("a list of {}", item.name().trim_start_matches("a ")),
            Self::Wrong => "something".into(),
        }
    }

    fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Wrong, _) | (_, Self::Wrong) => true,
            (Self::Text(Some(left)), Self::Text(Some(right))) => left == right,
            (Self::Text(_), Self::Text(_)) => true,
            (Self::List(left), Self::List(right)) => left.fits(right),
            _ => self == other,
        }
    }
}

impl From<FactType> for Type {
    fn from(fact: FactType) -> Self {
        match fact {
            FactType::Flag => Self::Flag,
            FactType::Number => Self::Number,
            FactType::Text => Self::Text(None),
            FactType::OneOf(domain) => Self::Text(Some(domain)),
            FactType::ListOf(domain) => Self::List(Box::new(Self::Text(Some(domain)))),
        }
    }
}

impl Domain {
    fn names(self, report: &Report<'_>) -> Vec<String> {
        match self {
            Self::Words { all, .. } => all.iter().map(|word| (*word).to_owned()).collect(),
            Self::Names(kind) => report.definitions.names(kind).into_iter().map(str::to_owned).collect(),
        }
    }
}

/// Notes everything that is wrong with an expression.
pub(crate) fn check(written: &Written, report: &mut Report<'_>) {
    let root = written.expression.program.expression();
    let mut checker = Checker { written, report, facts: fact_table(), variables: Vec::new() };
    let found = checker.type_of(root);
    if !found.fits(&written.wants) {
        let wrong = format!("this expression gives {}", found.name());
        checker.note(checker.start_of(root), wrong, written.wants.name());
    }
}

/// The facts that an expression names.
pub(crate) fn facts_of(expression: &Expression) -> BTreeSet<String> {
    fn visit(node: &IdedExpr, found: &mut BTreeSet<String>) {
        match &node.expr {
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(group) => drop(found.insert(format!("{group}.{}", select.field))),
                _ => visit(&select.operand, found),
            },
            Expr::Call(call) => {
                call.target.as_deref().into_iter().chain(&call.args).for_each(|part| visit(part, found))
            }
            Expr::List(list) => list.elements.iter().for_each(|element| visit(element, found)),
            Expr::Comprehension(loops) => {
                for part in
                    [&loops.iter_range, &loops.accu_init, &loops.loop_cond, &loops.loop_step, &loops.result]
                {
                    visit(part, found);
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    visit(expression.program.expression(), &mut found);
    found
}

struct Checker<'c, 't> {
    written: &'c Written,
    report: &'c mut Report<'t>,
    facts: Vec<FactInfo>,
    variables: Vec<(String, Type)>,
}

impl Checker<'_, '_> {
    fn type_of(&mut self, node: &IdedExpr) -> Type {
        match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(name) => self.identifier(node, name),
            Expr::Select(select) => self.fact(node, select),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => {
                let mut item = Type::Wrong;
                for element in &list.elements {
                    let found = self.type_of(element);
                    self.require(element, &found, &item, "the items of a list are of one type");
                    item = if item == Type::Wrong { found } else { item };
                }
                Type::List(Box::new(item))
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => self.wrong(
                self.start_of(node),
                "maps and messages are not used in handbooks",
                "a fact or a literal",
            ),
        }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Type {
        match literal {
            LiteralValue::Boolean(_) => Type::Flag,
            LiteralValue::Int(_) => Type::Number,
            LiteralValue::String(_) => Type::Text(None),
            LiteralValue::Double(_) => self.wrong(
                self.start_of(node),
                "decimal numbers are not used in handbooks",
                "a whole number: minor units for money, basis points for shares",
            ),
            LiteralValue::Null | LiteralValue::Bytes(_) | LiteralValue::UInt(_) => self.wrong(
                self.start_of(node),
                "this kind of literal is not used",
                "a text, whole number or flag",
            ),
        }
    }

    fn identifier(&mut self, node: &IdedExpr, name: &str) -> Type {
        if let Some((_, known)) = self.variables.iter().rev().find(|(variable, _)| variable == name) {
            return known.clone();
        }
        let at = self.start_of(node);
        if self.groups().contains(&name) {
            return self.wrong(
                at,
                format!("`{name}` is a group of facts"),
                format!("one of them, as in `{name}.…`"),
            );
        }
        let expected = match nearest(name, &self.groups()) {
            Some(near) => format!("a fact such as `{near}.…`"),
            None => "a fact such as `case.priority`".to_owned(),
        };
        self.wrong(at, format!("unknown name `{name}`"), expected)
    }

    fn groups(&self) -> Vec<&'static str> {
        let mut groups: Vec<_> = self.facts.iter().map(|fact| fact.group).collect();
        groups.dedup();
        groups.push("figures");
        groups
    }

    fn fact(&mut self, node: &IdedExpr, select: &SelectExpr) -> Type {
        let Expr::Ident(group) = &select.operand.expr else {
            return self.wrong(
                self.start_of(node),
                format!("`.{}` has no meaning here", select.field),
                "a fact",
            );
        };
        if !self.groups().contains(&group.as_str()) {
            let groups = self.groups();
            let at = self.written.place(self.start_of(&select.operand), self.report);
            self.report.add_unknown(at, "group of facts", group, &groups);
            return Type::Wrong;
        }
        if select.test {
            return self.wrong(
                self.start_of(node),
                "`has` is not needed",
                "the fact itself: it always has a value",
            );
        }
        let known: Vec<(String, Type)> = if group == "figures" {
            let figures = self.report.definitions.names(NameKind::Figure);
            figures.into_iter().map(|figure| (figure.to_owned(), Type::Number)).collect()
        } else {
            let facts = self.facts.iter().filter(|fact| fact.group == group);
            facts.map(|fact| (fact.name.to_owned(), fact.fact_type.into())).collect()
        };
        if let Some((_, found)) = known.iter().find(|(name, _)| *name == select.field) {
            return found.clone();
        }
        // The node's own place is the dot; the name follows it.
        let at = self.written.place(self.offset(node) + 1, self.report);
        let names: Vec<String> = known.iter().map(|(name, _)| format!("{group}.{name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.report.add_unknown(at, "fact", &format!("{group}.{}", select.field), &names);
        Type::Wrong
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Type {
        let found: Vec<Type> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .map(|operand| self.type_of(operand))
            .collect();
        let operands: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        match (call.func_name.as_str(), operands.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, [left, right]) => {
                self.require(left, &found[0], &Type::Flag, "`&&` and `||` join true or false");
                self.require(right, &found[1], &Type::Flag, "`&&` and `||` join true or false");
                Type::Flag
            }
            (operators::LOGICAL_NOT | operators::NOT_STRICTLY_FALSE, [operand]) => {
                self.require(operand, &found[0], &Type::Flag, "`!` takes true or false");
                Type::Flag
            }
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                self.comparable(node, (left, &found[0]), (right, &found[1]));
                Type::Flag
            }
            (
                operators::GREATER | operators::GREATER_EQUALS | operators::LESS | operators::LESS_EQUALS,
                [left, right],
            ) => {
                self.require(
                    left,
                    &found[0],
                    &Type::Number,
                    "only numbers have an order; compare texts by `==` or `in`",
                );
                self.require(
                    right,
                    &found[1],
                    &Type::Number,
                    "only numbers have an order; compare texts by `==` or `in`",
                );
                Type::Flag
            }
            (operators::ADD | operators::SUBSTRACT | operators::MULTIPLY, [left, right]) => {
                self.require(left, &found[0], &Type::Number, "arithmetic takes whole numbers");
                self.require(right, &found[1], &Type::Number, "arithmetic takes whole numbers");
                Type::Number
            }
            (operators::DIVIDE | operators::MODULO, [left, right]) => {
                self.require(left, &found[0], &Type::Number, "arithmetic takes whole numbers");
                if !matches!(&right.expr, Expr::Literal(LiteralValue::Int(by)) if *by.inner() != 0) {
                    self.note(
                        self.start_of(right),
                        "a divisor that could be 0".into(),
                        "a number other than 0".into(),
                    );
                }
                Type::Number
            }
            (operators::NEGATE, [operand]) => {
                self.require(operand, &found[0], &Type::Number, "`-` takes a whole number");
                Type::Number
            }
            (operators::CONDITIONAL, [condition, _, otherwise]) => {
                self.require(condition, &found[0], &Type::Flag, "`?` follows true or false");
                self.require(otherwise, &found[2], &found[1], "both branches of `? :` are of one type");
                found[1].clone()
            }
            (operators::IN, [item, list]) => self.membership((item, &found[0]), (list, &found[1])),
            ("size", [operand]) => {
                if !matches!(found[0], Type::List(_) | Type::Text(_) | Type::Wrong) {
                    self.note(
                        self.start_of(operand),
                        format!("`size` of {}", found[0].name()),
                        "a list or a text".into(),
                    );
                }
                Type::Number
            }
            ("contains" | "startsWith" | "endsWith", [target, part]) if call.target.is_some() => {
                self.require(target, &found[0], &Type::Text(None), "this function looks into a text");
                self.require(part, &found[1], &Type::Text(None), "this function looks for a text");
                Type::Flag
            }
            (operators::INDEX, _) => self.wrong(
                self.offset(node),
                "`[…]` can fall off the end of a list",
                "`in`, `exists` or `all`",
            ),
            (name, _) => {
                let known = ["size", "contains", "startsWith", "endsWith", "exists", "all", "exists_one"];
                let at = self.call_name(node, name);
                let wrong =
                    if known.contains(&name) { "wrong operands for function" } else { "unknown function" };
                let expected = match nearest(name, &known) {
                    Some(near) if near != name => format!("`{near}`"),
                    _ => "`size(list)`, `text.contains(text)`, `text.startsWith(text)`, `text.endsWith(text)` or \
                          `list.exists(item, condition)`"
                        .to_owned(),
                };
                self.wrong(at, format!("{wrong} `{name}`"), expected)
            }
        }
    }

    fn comparable(&mut self, node: &IdedExpr, left: (&IdedExpr, &Type), right: (&IdedExpr, &Type)) {
        if !left.1.fits(right.1) || matches!(left.1, Type::List(_)) {
            let wrong = format!("{} is compared with {}", left.1.name(), right.1.name());
            self.note(self.offset(node), wrong, "two values of the same type".into());
            return;
        }
        self.known_value(left.0, right.1);
        self.known_value(right.0, left.1);
    }

    fn membership(&mut self, item: (&IdedExpr, &Type), list: (&IdedExpr, &Type)) -> Type {
        match list.1 {
            Type::List(element) => {
                let expected = format!("{}, as the items of the list are", element.name());
                self.require(item.0, item.1, element, &expected);
                self.known_value(item.0, element);
                if let Expr::List(literal) = &list.0.expr {
                    literal.elements.iter().for_each(|element| self.known_value(element, item.1));
                }
            }
            Type::Wrong => {}
            other => self.note(self.start_of(list.0), format!("`in` {}", other.name()), "a list".into()),
        }
        Type::Flag
    }

    /// Where a literal is compared with something that has only certain values, it must be one of them, or empty.
    fn known_value(&mut self, literal: &IdedExpr, other: &Type) {
        let (Expr::Literal(LiteralValue::String(text)), Type::Text(Some(domain))) = (&literal.expr, other)
        else {
            return;
        };
        let text = text.inner();
        let known = domain.names(self.report);
        if !text.is_empty() && !known.iter().any(|name| name == text) {
            let at = self.written.place(self.offset(literal), self.report);
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            self.report.add_unknown(at, domain.what(), text, &known);
        }
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Type {
        let item = match self.type_of(&comprehension.iter_range) {
            Type::List(item) => *item,
            Type::Wrong => Type::Wrong,
            other => {
                let at = self.start_of(&comprehension.iter_range);
                self.wrong(at, format!("{} has no items", other.name()), "a list")
            }
        };
        let sum = self.type_of(&comprehension.accu_init);
        let outside = self.variables.len();
        self.variables.push((comprehension.iter_var.clone(), item));
        self.variables.push((comprehension.accu_var.clone(), sum.clone()));
        let condition = self.type_of(&comprehension.loop_cond);
        self.require(&comprehension.loop_cond, &condition, &Type::Flag, "true or false");
        let step = self.type_of(&comprehension.loop_step);
        self.require(&comprehension.loop_step, &step, &sum, &sum.name());
        let result = self.type_of(&comprehension.result);
        self.variables.truncate(outside);
        result
    }

    fn require(&mut self, node: &IdedExpr, found: &Type, wanted: &Type, expected: &str) {
        if !found.fits(wanted) {
            self.note(self.start_of(node), format!("this is {}", found.name()), expected.to_owned());
        }
    }

    fn wrong(&mut self, inner: usize, wrong: impl Into<String>, expected: impl Into<String>) -> Type {
        self.note(inner, wrong.into(), expected.into());
        Type::Wrong
    }

    fn note(&mut self, inner: usize, wrong: String, expected: String) {
        let at = self.written.place(inner, self.report);
        self.report.add(at, wrong, expected);
    }

    /// The byte at which the parser puts a node: an operator's sign, a dot, an opening bracket.
    fn offset(&self, node: &IdedExpr) -> usize {
        let offset = self.written.expression.program.source_info().offset_for(node.id);
        offset.map_or(0, |(start, _)| usize::try_from(start).unwrap_or_default())
    }

    /// The byte at which a node begins.
    fn start_of(&self, node: &IdedExpr) -> usize {
        let parts = match &node.expr {
            Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
            Expr::Select(select) => vec![select.operand.as_ref()],
            Expr::Comprehension(loops) => vec![&loops.iter_range],
            _ => Vec::new(),
        };
        parts.into_iter().map(|part| self.start_of(part)).fold(self.offset(node), usize::min)
    }

    /// The byte at which the name of a called function begins; its node stands at the bracket.
    fn call_name(&self, node: &IdedExpr, name: &str) -> usize {
        let bracket = self.offset(node);
        let before = self.written.expression.source.get(..bracket).unwrap_or_default();
        before.rfind(name).unwrap_or(bracket)
    }
}

//! Recursive descent over the grammar of the module above.

use super::call::FUNCTIONS;
use super::token::Token;
use super::value::Value;
use super::{CONSTANTS, Failure};
use crate::{Expr, Scope, nearest};

/// The deepest nesting of brackets and exponents: each level takes a few hundred bytes of stack.
const MAX_DEPTH: usize = 100;

pub(super) struct Parser<'a> {
    pub scope: &'a Scope,
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    /// Parts that derivatives in this text were taken of so far.
    pub work: usize,
}

const COMPARISONS: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];

impl<'a> Parser<'a> {
    /// `tokens` ends with [`Token::End`].
    pub fn new(scope: &'a Scope, tokens: Vec<(Token, usize)>) -> Self {
        Self { scope, tokens, at: 0, depth: 0, work: 0 }
    }

    pub fn expression(&mut self) -> Result<Expr, Failure> {
        let expr = self.scalar()?;
        if *self.peek() == Token::Symbol("=") {
            let message = "`=` makes an equation, where an expression is wanted";
            return Err(Failure::new(self.column(), message).expected("`==` to compare, or the end"));
        }
        self.end()?;
        Ok(expr)
    }

    pub fn equation(&mut self) -> Result<Expr, Failure> {
        let left = self.scalar()?;
        if !self.take("=") {
            self.end()?;
            return Ok(left);
        }
        let right = self.scalar()?;
        if *self.peek() == Token::Symbol("=") {
            return Err(Failure::new(self.column(), "a second `=` in one equation").expected("the end"));
        }
        self.end()?;
        Ok(left - right)
    }

    pub fn peek(&self) -> &Token {
        self.tokens.get(self.at).map_or(&Token::End, |(token, _)| token)
    }

    /// Column of the next token.
    pub fn column(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |&(_, column)| column)
    }

    pub fn advance(&mut self) {
        self.at += 1;
    }

    /// Takes `symbol` if it comes next.
    pub fn take(&mut self, symbol: &'static str) -> bool {
        let found = *self.peek() == Token::Symbol(symbol);
        self.at += usize::from(found);
        found
    }

    /// Takes one of `symbols` if it comes next.
    fn take_any(&mut self, symbols: &[&'static str]) -> Option<&'static str> {
        symbols.iter().copied().find(|symbol| self.take(symbol))
    }

    fn scalar(&mut self) -> Result<Expr, Failure> {
        let column = self.column();
        self.or()?.scalar(column, "stands alone")
    }

    fn end(&self) -> Result<(), Failure> {
        if *self.peek() == Token::End { Ok(()) } else { Err(self.unexpected("an operator or the end")) }
    }

    /// What to say of the next token, where it cannot be.
    pub fn unexpected(&self, expected: &str) -> Failure {
        let column = self.column();
        match self.peek() {
            Token::Number(_) | Token::Name(_) | Token::Symbol("(" | "[") if self.follows_operand() => {
                let what = self.peek().describe();
                let message = format!("no operator before {what}");
                Failure::new(column, message).expected("an operator: a product is written with `*`")
            }
            Token::End => Failure::new(column, "the text ends too early").expected(expected),
            token => {
                Failure::new(column, format!("{} cannot stand here", token.describe())).expected(expected)
            }
        }
    }

    fn follows_operand(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.is_some_and(|(token, _)| {
            matches!(token, Token::Number(_) | Token::Name(_) | Token::Symbol(")" | "]"))
        })
    }

    /// Runs `rule` one level deeper.
    pub fn nested<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        if self.depth == MAX_DEPTH {
            let message = format!("brackets or exponents nest deeper than {MAX_DEPTH}");
            return Err(Failure::new(self.column(), message).expected("a flatter expression"));
        }
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    pub fn or(&mut self) -> Result<Value, Failure> {
        self.chain(Self::and, "or", Expr::or)
    }

    fn and(&mut self) -> Result<Value, Failure> {
        self.chain(Self::not, "and", Expr::and)
    }

    /// Operands of one logical operator.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Value, Failure>,
        operator: &'static str,
        join: fn(&Expr, Expr) -> Expr,
    ) -> Result<Value, Failure> {
        let mut column = self.column();
        let mut value = operand(self)?;
        while self.take(operator) {
            let place = format!("beside `{operator}`");
            let left = value.scalar(column, &place)?;
            column = self.column();
            value = Value::Scalar(join(&left, operand(self)?.scalar(column, &place)?));
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<Value, Failure> {
        let mut count = 0;
        while self.take("not") {
            count += 1;
        }
        let column = self.column();
        let value = self.comparison()?;
        if count == 0 {
            return Ok(value);
        }
        let negated = (0..count).fold(value.scalar(column, "after `not`")?, |expr, _| expr.not());
        Ok(Value::Scalar(negated))
    }

    fn comparison(&mut self) -> Result<Value, Failure> {
        let column = self.column();
        let left = self.sum()?;
        let Some(operator) = self.take_any(&COMPARISONS) else { return Ok(left) };
        let place = format!("beside `{operator}`");
        let left = left.scalar(column, &place)?;
        let column = self.column();
        let right = self.sum()?.scalar(column, &place)?;
        let column = self.column();
        if self.take_any(&COMPARISONS).is_some() {
            let message = "comparisons do not chain";
            return Err(Failure::new(column, message).expected("`and` between two comparisons"));
        }
        Ok(Value::Scalar(match operator {
            "<" => left.less(right),
            "<=" => left.less_equal(right),
            ">" => right.less(left),
            ">=" => right.less_equal(left),
            "==" => left.equal(right),
            _ => left.not_equal(right),
        }))
    }

    fn sum(&mut self) -> Result<Value, Failure> {
        let column = self.column();
        let mut terms = vec![(self.product()?, column)];
        while let Some(operator) = self.take_any(&["+", "-"]) {
            let column = self.column();
            let term = self.product()?;
            terms.push((if operator == "-" { term.map(|expr| -expr) } else { term }, column));
        }
        if terms.len() == 1 { Ok(terms.remove(0).0) } else { Value::sum(terms) }
    }

    fn product(&mut self) -> Result<Value, Failure> {
        let column = self.column();
        let mut factors = vec![(self.unary()?, column)];
        while let Some(operator) = self.take_any(&["*", "/"]) {
            let column = self.column();
            let factor = self.unary()?;
            factors.push((
                if operator == "/" {
                    Value::Scalar(factor.scalar(column, "divides")?.pow(-1.0))
                } else {
                    factor
                },
                column,
            ));
        }
        if factors.len() == 1 { Ok(factors.remove(0).0) } else { Value::product(factors) }
    }

    fn unary(&mut self) -> Result<Value, Failure> {
        let mut negative = false;
        while let Some(sign) = self.take_any(&["-", "+"]) {
            negative ^= sign == "-";
        }
        let value = self.power()?;
        Ok(if negative { value.map(|expr| -expr) } else { value })
    }

    fn power(&mut self) -> Result<Value, Failure> {
        let column = self.column();
        let base = self.atom()?;
        if !self.take("^") {
            return Ok(base);
        }
        let base = base.scalar(column, "is raised to a power")?;
        let column = self.column();
        let exponent = self.nested(Self::unary)?.scalar(column, "is an exponent")?;
        Ok(Value::Scalar(base.pow(exponent)))
    }

    fn atom(&mut self) -> Result<Value, Failure> {
        const EXPECTED: &str = "a number, a name or `(`";
        let column = self.column();
        match self.peek().clone() {
            Token::Number(value) => {
                self.advance();
                Ok(Value::Scalar(Expr::number(value)))
            }
            Token::Name(name) => {
                self.advance();
                if *self.peek() == Token::Symbol("(") {
                    self.call(&name, column)
                } else {
                    self.name(&name, column)
                }
            }
            Token::Symbol("(") => {
                self.advance();
                let value = self.nested(Self::or)?;
                self.close(")", column)?;
                Ok(value)
            }
            Token::Symbol("[") => {
                self.advance();
                let mut parts = Vec::new();
                loop {
                    let column = self.column();
                    parts.push(self.nested(Self::or)?.scalar(column, "is a component of a vector")?);
                    if !self.take(",") {
                        break;
                    }
                }
                self.close("]", column)?;
                Ok(Value::Vector(parts))
            }
            _ => Err(self.unexpected(EXPECTED)),
        }
    }

    /// The closing bracket of the one at column `opened`.
    pub fn close(&mut self, bracket: &'static str, opened: usize) -> Result<(), Failure> {
        if self.take(bracket) {
            return Ok(());
        }
        let expected = format!("an operator or `{bracket}` (the bracket of column {opened} is open)");
        Err(self.unexpected(&expected))
    }

    fn name(&self, name: &str, column: usize) -> Result<Value, Failure> {
        if let Some(expr) = self.scope.resolve(name) {
            // A definition was checked when its text was read.
            if expr.as_leaf().is_some() {
                self.check_order(&expr, column)?;
            }
            return Ok(Value::Scalar(expr));
        }
        if FUNCTIONS.iter().any(|(function, _)| *function == name) {
            let message = format!("the function `{name}` has no arguments");
            return Err(Failure::new(column, message).expected(format!("`{name}(…)`")));
        }
        Err(self.unknown(name, column))
    }

    fn unknown(&self, name: &str, column: usize) -> Failure {
        let scope = self.scope;
        if let Some(coordinate) = scope.normal(name) {
            let message = format!("the normal `{name}` exists on boundaries only");
            let normal = format!("no normal along `{}` here", scope.coordinates[coordinate]);
            return Failure::new(column, message).expected(normal);
        }
        let field_of = |field: &&String| {
            let rest = name.strip_prefix(field.as_str());
            rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with('_'))
        };
        if let Some(field) = scope.fields.iter().filter(field_of).max_by_key(|field| field.len()) {
            let rest = &name[field.len() + 1..];
            let message =
                format!("`{name}` is no derivative of `{field}`: `{rest}` is not made of coordinates");
            return Failure::new(column, message).expected(format!("of {}", scope.coordinates.join(", ")));
        }
        let names = self.names();
        let suggestion = nearest(name, names.iter().map(String::as_str));
        let failure = Failure::new(column, format!("unknown name `{name}`"));
        let known: Vec<_> = (scope.coordinates.iter().chain(&scope.fields).chain(&scope.parameters))
            .chain(scope.definitions.iter().map(|(definition, _)| definition))
            .map(String::as_str)
            .collect();
        failure.expected(format!("one of {}", known.join(", "))).suggestion(suggestion)
    }

    /// Every name that could have been meant.
    fn names(&self) -> Vec<String> {
        let scope = self.scope;
        let constants = CONSTANTS.iter().map(|(constant, _)| (*constant).to_owned());
        let definitions = scope.definitions.iter().map(|(name, _)| name.clone());
        let plain = scope.coordinates.iter().chain(&scope.fields).chain(&scope.parameters).cloned();
        let functions = FUNCTIONS.iter().map(|(function, _)| (*function).to_owned());
        plain.chain(definitions).chain(constants).chain(functions).collect()
    }
}

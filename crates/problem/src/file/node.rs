//! Values of a TOML file with their keys, read one kind at a time.

use ansatz_expr::{Scope, nearest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::ProblemError;

/// A value and its key.
#[derive(Clone)]
pub(super) struct Node<'a> {
    pub key: String,
    value: &'a DeValue<'a>,
}

/// A table and its key.
pub(super) struct Table<'a> {
    pub key: String,
    table: &'a DeTable<'a>,
}

impl<'a> Table<'a> {
    pub fn new(key: &str, table: &'a DeTable<'a>) -> Self {
        Self { key: key.to_owned(), table }
    }

    fn path(&self, name: &str) -> String {
        if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) }
    }

    /// The value of a key, if it is there.
    pub fn get(&self, name: &str) -> Option<Node<'a>> {
        let value = self.table.get(name)?;
        Some(Node { key: self.path(name), value: value.get_ref() })
    }

    /// Name and value of every key, in the order of the file.
    pub fn entries(&self) -> Vec<(String, Node<'a>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let node = |value: &'a Spanned<DeValue<'a>>, name: &str| Node {
            key: self.path(name),
            value: value.get_ref(),
        };
        entries
            .into_iter()
            .map(|(key, value)| (key.get_ref().to_string(), node(value, key.get_ref())))
            .collect()
    }

    /// Fails at the first key that is none of `known`.
    pub fn only(&self, known: &[&str]) -> Result<(), ProblemError> {
        for (name, node) in self.entries() {
            if !known.contains(&name.as_str()) {
                let remedy = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "remove it".into(),
                };
                let expected = format!("one of {}", known.join(", "));
                return Err(ProblemError::new(node.key, format!("unknown key `{name}`"), expected, remedy));
            }
        }
        Ok(())
    }
}

impl<'a> Node<'a> {
    fn kind(&self) -> String {
        match self.value {
            DeValue::String(text) => format!("the text {:?}", start(text)),
            DeValue::Integer(number) => format!("the number {}", start(number.as_str())),
            DeValue::Float(number) => format!("the number {}", start(number.as_str())),
            DeValue::Boolean(value) => format!("{value}"),
            DeValue::Datetime(_) => "a date".into(),
            DeValue::Array(array) => format!("a list of {}", array.len()),
            DeValue::Table(_) => "a table".into(),
        }
    }

    /// An error about this value.
    pub fn wrong(&self, expected: &str, remedy: &str) -> ProblemError {
        ProblemError::new(&self.key, self.kind(), expected, remedy)
    }

    pub fn text(&self) -> Result<&'a str, ProblemError> {
        match self.value {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong("a text in quotes", "put it in quotes")),
        }
    }

    pub fn table(&self) -> Result<Table<'a>, ProblemError> {
        match self.value {
            DeValue::Table(table) => Ok(Table { key: self.key.clone(), table }),
            _ => Err(self.wrong("a table", "write it as `{ key = value }` or under a [heading]")),
        }
    }

    pub fn list(&self) -> Result<Vec<Node<'a>>, ProblemError> {
        match self.value {
            DeValue::Array(array) => {
                let node = |(i, value): (usize, &'a Spanned<DeValue<'a>>)| Node {
                    key: format!("{}[{}]", self.key, i + 1),
                    value: value.get_ref(),
                };
                Ok(array.iter().enumerate().map(node).collect())
            }
            _ => Err(self.wrong("a list", "put it in square brackets")),
        }
    }

    /// One text, or a list of them.
    pub fn texts(&self) -> Result<Vec<String>, ProblemError> {
        match self.value {
            DeValue::String(text) => Ok(vec![text.to_string()]),
            _ => self.list()?.iter().map(|node| node.text().map(str::to_owned)).collect(),
        }
    }

    pub fn flag(&self) -> Result<bool, ProblemError> {
        match self.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.wrong("true or false", "write it without quotes")),
        }
    }

    pub fn count(&self) -> Result<usize, ProblemError> {
        let number = match self.value {
            DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.ok_or_else(|| self.wrong("a whole number, not negative", "write digits only, without quotes"))
    }

    /// A number, or a text with an expression of the scope's parameters, which have these values.
    pub fn number(&self, scope: &Scope, values: &[f64]) -> Result<f64, ProblemError> {
        let number = match self.value {
            DeValue::Integer(number) => {
                let whole = i64::from_str_radix(number.as_str(), number.radix()).ok();
                whole.map(|whole| whole as f64)
            }
            DeValue::Float(number) => number.as_str().parse::<f64>().ok(),
            DeValue::String(text) => Some(super::number(&self.key, text, scope, values)?),
            _ => None,
        };
        let number = number.filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong("a finite number", "write a number, or an expression like \"pi/2\""))
    }

    pub fn numbers(&self, scope: &Scope, values: &[f64]) -> Result<Vec<f64>, ProblemError> {
        self.list()?.iter().map(|node| node.number(scope, values)).collect()
    }

    /// [low, high].
    pub fn range(&self, scope: &Scope, values: &[f64]) -> Result<[f64; 2], ProblemError> {
        let found = match self.value {
            DeValue::Array(_) => <[f64; 2]>::try_from(self.numbers(scope, values)?).ok(),
            _ => None,
        };
        found.ok_or_else(|| self.wrong("a list of two numbers", "write it as [low, high]"))
    }
}

/// As much of a text as belongs in a message.
fn start(text: &str) -> String {
    const LONGEST: usize = 60;
    let start: String = text.chars().take(LONGEST).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

//! The names that expressions of a problem may use.

use crate::parse::{CONSTANTS, is_name, is_reserved};
use crate::{Expr, Jet, Leaf, MAX_COORDINATES, ParseError, nearest, parse};

/// The coordinates, fields, parameters and definitions of a problem by name.
///
/// A derivative is named by its field, an underscore and the coordinates: `u_xx`, `Ez_x1x1`.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub(crate) coordinates: Vec<String>,
    pub(crate) time: Option<usize>,
    pub(crate) fields: Vec<String>,
    pub(crate) parameters: Vec<String>,
    pub(crate) definitions: Vec<(String, Expr)>,
    pub(crate) normals: bool,
}

/// A name that cannot be taken, or that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// More coordinates than [`MAX_COORDINATES`].
    #[error("{0} coordinates; at most {MAX_COORDINATES} are possible")]
    TooManyCoordinates(usize),
    /// Not a name: letters, digits and underscores, not beginning with a digit.
    #[error("`{0}` is no name: use letters, digits and underscores, and begin with a letter")]
    NotAName(String),
    /// A function, a constant or a word of the language.
    #[error("the name `{0}` has a meaning of its own; choose another")]
    Reserved(String),
    /// Two things of one name.
    #[error("the name `{0}` is given twice")]
    Taken(String),
    /// A name which would also be the derivative of a field.
    #[error("the name `{name}` would also be the derivative of `{field}`; choose another")]
    LikeDerivative {
        /// The name.
        name: String,
        /// The field.
        field: String,
    },
    /// Nothing has this name.
    #[error("there is no {kind} `{name}`{hint}")]
    Unknown {
        /// "coordinate", "field" or "parameter".
        kind: &'static str,
        /// The name.
        name: String,
        /// What there is, and what is nearest.
        hint: String,
    },
}

impl Scope {
    /// A scope with these coordinates.
    ///
    /// # Errors
    /// [`ScopeError`] where a name cannot be taken or there are too many; so for all the methods that add names.
    pub fn new<S: AsRef<str>>(coordinates: &[S]) -> Result<Self, ScopeError> {
        if coordinates.len() > MAX_COORDINATES {
            return Err(ScopeError::TooManyCoordinates(coordinates.len()));
        }
        let mut scope = Self::default();
        for name in coordinates {
            let name = scope.free(name.as_ref())?;
            scope.coordinates.push(name);
        }
        Ok(scope)
    }

    /// States which coordinate is time; `grad`, `div`, `laplacian` and `dn` leave it out.
    pub fn with_time(mut self, name: &str) -> Result<Self, ScopeError> {
        self.time = Some(find("coordinate", &self.coordinates, name)?);
        Ok(self)
    }

    /// Adds an unknown field.
    pub fn with_field(mut self, name: &str) -> Result<Self, ScopeError> {
        let name = self.free(name)?;
        self.fields.push(name.clone());
        let others = self.parameters.iter().chain(self.definitions.iter().map(|(other, _)| other));
        for other in others.chain(&self.coordinates) {
            if self.jet(other).is_some() {
                return Err(ScopeError::LikeDerivative { name: other.clone(), field: name });
            }
        }
        if self.normals && name == "n" {
            return Err(ScopeError::Reserved(name));
        }
        Ok(self)
    }

    /// Adds a parameter.
    pub fn with_parameter(mut self, name: &str) -> Result<Self, ScopeError> {
        let name = self.free(name)?;
        self.parameters.push(name);
        Ok(self)
    }

    /// Gives `value` a name: where text says `name`, it means `value`.
    pub fn with_definition(mut self, name: &str, value: Expr) -> Result<Self, ScopeError> {
        let name = self.free(name)?;
        self.definitions.push((name, value));
        Ok(self)
    }

    /// Allows the outward unit normal `n_x`, `n_y`, … and the normal derivative `dn(u)`: for conditions on a boundary.
    pub fn with_normals(mut self) -> Result<Self, ScopeError> {
        if self.fields.iter().any(|field| field == "n") {
            return Err(ScopeError::Taken("n".into()));
        }
        self.normals = true;
        for name in self.parameters.iter().chain(self.definitions.iter().map(|(name, _)| name)) {
            if self.normal(name).is_some() {
                return Err(ScopeError::Taken(name.clone()));
            }
        }
        Ok(self)
    }

    /// Names of the coordinates.
    pub fn coordinates(&self) -> &[String] {
        &self.coordinates
    }

    /// Index of the coordinate that is time.
    pub fn time(&self) -> Option<usize> {
        self.time
    }

    /// Indices of the coordinates that are not time.
    pub fn space(&self) -> Vec<usize> {
        (0..self.coordinates.len()).filter(|&i| self.time != Some(i)).collect()
    }

    /// Names of the fields.
    pub fn fields(&self) -> &[String] {
        &self.fields
    }

    /// Names of the parameters.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The coordinate `name` as an expression.
    ///
    /// # Errors
    /// [`ScopeError::Unknown`]; so for the next two.
    pub fn coordinate(&self, name: &str) -> Result<Expr, ScopeError> {
        Ok(Expr::leaf(Leaf::Coordinate(find("coordinate", &self.coordinates, name)?)))
    }

    /// The field `name` as an expression.
    pub fn field(&self, name: &str) -> Result<Expr, ScopeError> {
        Ok(Expr::leaf(Leaf::Jet(Jet::value(find("field", &self.fields, name)?))))
    }

    /// The parameter `name` as an expression.
    pub fn parameter(&self, name: &str) -> Result<Expr, ScopeError> {
        Ok(Expr::leaf(Leaf::Parameter(find("parameter", &self.parameters, name)?)))
    }

    /// Reads an expression from text.
    ///
    /// # Errors
    /// [`ParseError`] with the column, what was expected there and the nearest name.
    pub fn parse(&self, text: &str) -> Result<Expr, ParseError> {
        parse::expression(self, text)
    }

    /// Reads an equation `left = right` as the residual left − right. A text without `=` is itself the residual.
    ///
    /// # Errors
    /// As [`Scope::parse`].
    pub fn parse_equation(&self, text: &str) -> Result<Expr, ParseError> {
        parse::equation(self, text)
    }

    /// The text of the name of a leaf: `u_xx`, `x`, `n_x`.
    pub fn name(&self, leaf: &Leaf) -> String {
        let of = |names: &[String], index: usize| names.get(index).map_or("?", String::as_str).to_owned();
        match *leaf {
            Leaf::Coordinate(index) => of(&self.coordinates, index),
            Leaf::Parameter(index) => of(&self.parameters, index),
            Leaf::Normal(index) => format!("n_{}", of(&self.coordinates, index)),
            Leaf::Jet(jet) => {
                let field = of(&self.fields, jet.field);
                if jet.order() == 0 {
                    return field;
                }
                let each = jet.orders.iter().enumerate();
                let names: Vec<_> =
                    each.flat_map(|(i, &n)| vec![of(&self.coordinates, i); n.into()]).collect();
                let name = format!("{field}_{}", names.concat());
                // Names of coordinates may run into each other: `u_ab` of a, b where there is a coordinate ab.
                let clear = self.jet(&name) == Some(jet);
                if clear { name } else { format!("d({field}, {})", names.join(", ")) }
            }
        }
    }

    /// What `name` means in text.
    pub(crate) fn resolve(&self, name: &str) -> Option<Expr> {
        if let Some((_, value)) = CONSTANTS.iter().find(|(constant, _)| *constant == name) {
            return Some(Expr::number(*value));
        }
        if let Some((_, value)) = self.definitions.iter().find(|(definition, _)| definition == name) {
            return Some(value.clone());
        }
        let at = |names: &[String]| names.iter().position(|other| other == name);
        let leaf = at(&self.coordinates).map(Leaf::Coordinate);
        let leaf = leaf.or_else(|| at(&self.parameters).map(Leaf::Parameter));
        let leaf = leaf.or_else(|| self.jet(name).map(Leaf::Jet));
        leaf.or_else(|| self.normal(name).filter(|_| self.normals).map(Leaf::Normal)).map(Expr::leaf)
    }

    /// The field or derivative called `name`.
    pub(crate) fn jet(&self, name: &str) -> Option<Jet> {
        if let Some(field) = self.fields.iter().position(|field| field == name) {
            return Some(Jet::value(field));
        }
        let suffix = |field: &String| name.strip_prefix(field.as_str())?.strip_prefix('_');
        self.fields.iter().enumerate().find_map(|(index, field)| {
            let coordinates = self.suffix(suffix(field)?)?;
            Some(coordinates.into_iter().fold(Jet::value(index), Jet::derivative))
        })
    }

    /// The coordinate of the normal component called `name`.
    pub(crate) fn normal(&self, name: &str) -> Option<usize> {
        let coordinate = name.strip_prefix("n_")?;
        let index = self.coordinates.iter().position(|other| other == coordinate)?;
        (self.time != Some(index)).then_some(index)
    }

    /// The coordinates whose names make up `text`, the longest name first where several fit.
    fn suffix(&self, text: &str) -> Option<Vec<usize>> {
        // For each byte position, from the back: the longest coordinate there from which the rest can be read.
        let mut next: Vec<Option<usize>> = vec![None; text.len() + 1];
        for start in (0..text.len()).rev().filter(|&at| text.is_char_boundary(at)) {
            let fits = |&i: &usize| {
                let name = &self.coordinates[i];
                let end = start + name.len();
                text[start..].starts_with(name.as_str()) && (end == text.len() || next[end].is_some())
            };
            next[start] = (0..self.coordinates.len()).filter(fits).max_by_key(|&i| self.coordinates[i].len());
        }
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let coordinate = next[at]?;
            found.push(coordinate);
            at += self.coordinates[coordinate].len();
        }
        (!found.is_empty()).then_some(found)
    }

    /// `name`, if it can be added.
    fn free(&self, name: &str) -> Result<String, ScopeError> {
        let name = name.to_owned();
        if !is_name(&name) {
            return Err(ScopeError::NotAName(name));
        }
        if is_reserved(&name) {
            return Err(ScopeError::Reserved(name));
        }
        let definitions = self.definitions.iter().map(|(other, _)| other);
        let mut names =
            self.coordinates.iter().chain(&self.fields).chain(&self.parameters).chain(definitions);
        if names.any(|other| *other == name) || (self.normals && self.normal(&name).is_some()) {
            return Err(ScopeError::Taken(name));
        }
        match self.jet(&name) {
            Some(jet) => Err(ScopeError::LikeDerivative { name, field: self.fields[jet.field].clone() }),
            None => Ok(name),
        }
    }
}

/// The place of `name` among `names`.
fn find(kind: &'static str, names: &[String], name: &str) -> Result<usize, ScopeError> {
    names.iter().position(|other| other == name).ok_or_else(|| {
        let known =
            if names.is_empty() { "there is none".into() } else { format!("known: {}", names.join(", ")) };
        let near = nearest(name, names.iter().map(String::as_str));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        ScopeError::Unknown { kind, name: name.to_owned(), hint: format!(" ({known}){near}") }
    })
}

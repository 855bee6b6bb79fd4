//! The elementary functions and comparisons.

/// A function of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the function of its name")]
pub enum Unary {
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Exp,
    Log,
    Erf,
    Abs,
    /// −1, 0 or 1.
    Sign,
    /// 1 where the argument is 0, else 0.
    Not,
}

/// A function of two arguments. Comparisons and logic give 1 for true and 0 for false, and take every number but 0 as
/// true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the function of its name")]
pub enum Binary {
    /// atan2(y, x).
    Atan2,
    Min,
    Max,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Unary {
    /// All, in the order of declaration.
    pub const ALL: [Self; 15] = [
        Self::Sin,
        Self::Cos,
        Self::Tan,
        Self::Asin,
        Self::Acos,
        Self::Atan,
        Self::Sinh,
        Self::Cosh,
        Self::Tanh,
        Self::Exp,
        Self::Log,
        Self::Erf,
        Self::Abs,
        Self::Sign,
        Self::Not,
    ];

    /// Its name in text. `not` is an operator there.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Asin => "asin",
            Self::Acos => "acos",
            Self::Atan => "atan",
            Self::Sinh => "sinh",
            Self::Cosh => "cosh",
            Self::Tanh => "tanh",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Erf => "erf",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Not => "not",
        }
    }
}

impl Binary {
    /// All, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::Atan2,
        Self::Min,
        Self::Max,
        Self::Less,
        Self::LessEqual,
        Self::Equal,
        Self::NotEqual,
        Self::And,
        Self::Or,
    ];

    /// Its name or operator in text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Atan2 => "atan2",
            Self::Min => "min",
            Self::Max => "max",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

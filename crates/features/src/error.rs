//! What can be wrong with the parameters of features.

/// An error of a family of features.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A list of parameters has the wrong length.
    #[error("{len} {what}; {wanted} are needed")]
    Length {
        /// The parameters.
        what: &'static str,
        /// How many there are.
        len: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// More coordinates than features may depend on, or none.
    #[error("features of {dimensions} coordinates: from 1 to {} are possible", crate::MAX_DIMENSIONS)]
    Dimensions {
        /// How many were asked for.
        dimensions: usize,
    },
    /// A parameter is not finite, or out of its range.
    #[error("{what}{} is {value}; it must be {range}", number(*.index))]
    Value {
        /// The parameters.
        what: &'static str,
        /// Which of them, where there are several.
        index: Option<usize>,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// These features cannot be periodic.
    #[error("{what} features cannot be periodic along a coordinate; use sine or Gaussian features")]
    Periodic {
        /// Which features.
        what: &'static str,
    },
    /// Embeddings of one network differ in the coordinates that repeat, or in the form of their covariances.
    #[error(
        "embedding number {index} repeats along other coordinates than the first, or after another length, or has covariances of another form"
    )]
    Periods {
        /// Which of them.
        index: usize,
    },
    /// A matrix is not symmetric and positive definite.
    #[error("precision matrix number {index} is not symmetric and positive definite")]
    Precision {
        /// Which of them.
        index: usize,
    },
}

/// `` number 3``
fn number(index: Option<usize>) -> String {
    index.map(|index| format!(" number {index}")).unwrap_or_default()
}

impl FeatureError {
    /// Checks a length.
    ///
    /// # Errors
    /// [`FeatureError::Length`].
    pub fn length(what: &'static str, len: usize, wanted: usize) -> Result<(), Self> {
        if len == wanted { Ok(()) } else { Err(Self::Length { what, len, wanted }) }
    }

    /// Checks each of some values; `range` says what `holds` asks.
    ///
    /// # Errors
    /// [`FeatureError::Value`] for the first that is not finite or out of range.
    pub fn values(
        what: &'static str,
        values: &[f64],
        range: &'static str,
        holds: impl Fn(f64) -> bool,
    ) -> Result<(), Self> {
        match values.iter().position(|&value| !value.is_finite() || !holds(value)) {
            Some(p) => {
                let index = (values.len() > 1).then_some(p);
                Err(Self::Value { what, index, value: values[p], range })
            }
            None => Ok(()),
        }
    }

    /// Checks a number of coordinates.
    ///
    /// # Errors
    /// [`FeatureError::Dimensions`].
    pub fn dimensions(dimensions: usize) -> Result<(), Self> {
        if (1..=crate::MAX_DIMENSIONS).contains(&dimensions) {
            Ok(())
        } else {
            Err(Self::Dimensions { dimensions })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_has_no_number() {
        let message = |values: &[f64]| {
            FeatureError::values("number of embeddings", values, "from 1 to 8", |n| n < 9.0)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(message(&[9.0]), "number of embeddings is 9; it must be from 1 to 8");
        assert_eq!(message(&[1.0, 9.0]), "number of embeddings number 1 is 9; it must be from 1 to 8");
    }
}

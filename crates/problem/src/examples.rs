//! The problems that come with the library: the files of the folder `examples/`, compiled in.

use crate::{Problem, ProblemError};

/// A problem file that is compiled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Its name, which is also that of the file without `.toml`.
    pub name: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

macro_rules! examples {
    ($($name:literal)*) => {
        /// All of them, in the order in which a list shows them.
        pub const ALL: &[Example] = &[
            $(Example {
                name: $name,
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/", $name, ".toml")),
            },)*
        ];
    };
}

examples! {
    "poisson_2d" "poisson_5d" "poisson_5d_cos" "l_shape" "four_disks"
    "helmholtz" "helmholtz_k10" "nonlinear_helmholtz"
    "nonlinear_poisson" "bratu" "burgers_steady" "allen_cahn_steady" "legendre" "legendre_3" "hypergeometric" "hypergeometric_2" "deep_ritz"
    "heat_5d" "wave_1d" "maxwell_tm" "flow_mixing"
    "diffusion_inverse" "advection_diffusion_inverse"
    "burgers" "burgers_built_in" "allen_cahn" "klein_gordon" "nonlinear_diffusion" "nonlinear_diffusion_built_in"
}

/// The example of this name.
pub fn find(name: &str) -> Option<Example> {
    ALL.iter().copied().find(|example| example.name == name)
}

impl Example {
    /// The problem, with parameters set as in [`Problem::parse`].
    ///
    /// # Errors
    /// As [`Problem::parse`]: where a setting makes no sense.
    pub fn problem(&self, set: &[(String, String)]) -> Result<Problem, ProblemError> {
        Problem::parse(&format!("{}.toml", self.name), self.text, set)
    }
}

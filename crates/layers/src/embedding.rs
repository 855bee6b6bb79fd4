//! The fixed map from a point to the inputs of the first layer.

/// Inputs e_m(x) = y_m or sin(Σ_i F_mi y_i + p_m), in y_i = (x_i − centre_i) scale_i.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Embedding {
    pub centres: Vec<f64>,
    pub scales: Vec<f64>,
    /// How many of the inputs, the first ones, are not sines.
    pub identities: usize,
    /// F, input after input.
    pub frequencies: Vec<f64>,
    pub phases: Vec<f64>,
}

impl Embedding {
    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.phases.len()
    }

    /// Adds an input that is the coordinate itself; these come first.
    pub fn push_coordinate(&mut self, coordinate: usize) {
        let row = (0..self.centres.len()).map(|i| if i == coordinate { 1.0 } else { 0.0 });
        self.frequencies.extend(row);
        self.phases.push(0.0);
        self.identities += 1;
    }

    /// Adds the inputs sin F·y and cos F·y.
    pub fn push_wave(&mut self, frequencies: &[f64]) {
        for phase in [0.0, std::f64::consts::FRAC_PI_2] {
            self.frequencies.extend_from_slice(frequencies);
            self.phases.push(phase);
        }
    }
}

//! Every WGSL kernel of Ansatz, resolved and validated at build time.
//!
//! A kernel is a file `shaders/<family>/<kernel>.wgsl` with the entry point `main`. Its `#if` flags span its variants:
//! `IMMEDIATES` (the parameters come as immediates and not in a storage buffer), `SUBGROUPS` (subgroup operations),
//! `F64` (`real` is f64), and flags of its own. This crate is the table of them, with the bindings, the workgroup
//! size and the override constants that naga found: the host makes pipelines from it and never parses a shader.
//!
//! A kernel may import a file of `shaders/generated/`: a sample, with which the build validates the kernel, and in whose
//! place the host puts text that it emits ([`Variant::source_with`]).
//!
//! ```
//! let triad = ansatz_shaders::blas::TRIAD.variant(&["IMMEDIATES", "SUBGROUPS"]);
//! assert_eq!(triad.flags, ["IMMEDIATES"]); // a triad has no subgroup operations
//! assert_eq!(triad.workgroup_size_with(&[("LANES", 128.0)]), Some([128, 1, 1]));
//! ```

/// One kernel with all its variants.
#[derive(Debug)]
pub struct Kernel {
    /// Family and file, such as `krylov/cg_update`.
    pub name: &'static str,
    header: &'static str,
    /// The flags it asks for, sorted.
    pub flags: &'static [&'static str],
    /// One variant per subset of the flags: bit `i` of its index is flag `i`.
    pub variants: &'static [Variant],
}

impl Kernel {
    /// The variant with exactly the flags `on`; names which this kernel does not use are ignored.
    pub fn variant(&self, on: &[&str]) -> &'static Variant {
        let bits = self.flags.iter().enumerate().filter(|(_, flag)| on.contains(flag));
        &self.variants[bits.map(|(bit, _)| 1 << bit).sum::<usize>()]
    }

    /// The comment at the top of its file: formula, bindings, mapping, cost, needs.
    pub fn doc(&self) -> &'static str {
        self.header
    }
}

/// The kernel called `name` (`krylov/cg_update`), if there is one.
pub fn find(name: &str) -> Option<&'static Kernel> {
    let at = KERNELS.binary_search_by(|kernel| kernel.name.cmp(name)).ok()?;
    Some(KERNELS[at])
}

/// A kernel with a choice made for each of its flags.
#[derive(Debug)]
pub struct Variant {
    /// The flags that are on, sorted.
    pub flags: &'static [&'static str],
    /// WGSL with imports and conditions resolved and without full-line comments. The entry point is `main`.
    pub source: &'static str,
    /// Where in the source the sample of a generated import stands, which emitted text takes the place of.
    pub generated: Option<std::ops::Range<usize>>,
    /// The block called `params`, if there is one.
    pub params: Option<Params>,
    /// Buffers of group 0 by index. `params` is the first where it is a storage buffer, absent where immediate; the
    /// others keep their index.
    pub bindings: &'static [Binding],
    /// Override constants which the host may set. Those computed from others are left out.
    pub constants: &'static [Constant],
    /// Invocations per workgroup, in three dimensions.
    pub workgroup_size: [Extent; 3],
    /// Bytes of workgroup memory.
    pub workgroup_bytes: Extent,
}

impl Variant {
    /// The workgroup size with these constants set and the others at their defaults; `None` if one has no value.
    pub fn workgroup_size_with(&self, values: &[(&str, f64)]) -> Option<[u32; 3]> {
        let [x, y, z] = &self.workgroup_size;
        Some([self.extent(x, values)?, self.extent(y, values)?, self.extent(z, values)?])
    }

    /// Bytes of workgroup memory with these constants set and the others at their defaults.
    pub fn workgroup_bytes_with(&self, values: &[(&str, f64)]) -> Option<u32> {
        self.extent(&self.workgroup_bytes, values)
    }

    /// The source with `text` in the place of the generated import's sample.
    pub fn source_with(&self, text: &str) -> String {
        let Some(range) = &self.generated else { return self.source.to_owned() };
        [&self.source[..range.start], text, &self.source[range.end..]].concat()
    }

    /// The constant called `name`.
    pub fn constant(&self, name: &str) -> Option<&'static Constant> {
        self.constants.iter().find(|constant| constant.name == name)
    }

    /// The binding called `name`.
    pub fn binding(&self, name: &str) -> Option<&'static Binding> {
        self.bindings.iter().find(|binding| binding.name == name)
    }

    fn extent(&self, extent: &Extent, values: &[(&str, f64)]) -> Option<u32> {
        extent.value(&|name| {
            let given = values.iter().find(|(given, _)| *given == name).map(|(_, value)| *value);
            given.or_else(|| self.constant(name)?.default)
        })
    }
}

/// The block of parameters, `params`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    /// Bytes.
    pub size: u32,
    /// Set with the dispatch; otherwise it is the storage buffer at binding 0.
    pub immediate: bool,
}

/// A buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding {
    /// `@binding(index)` in group 0.
    pub index: u32,
    /// The variable's name.
    pub name: &'static str,
    /// What the kernel does with it.
    pub access: Access,
    /// What its elements are made of.
    pub scalar: Scalar,
    /// Bytes per array element; of the whole where it is no array.
    pub stride: u32,
}

/// What a kernel does with a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads storage.
    Read,
    /// Reads and writes storage.
    ReadWrite,
    /// Reads a uniform buffer.
    Uniform,
}

/// The kind of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// `u32`.
    U32,
    /// `i32`.
    I32,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `bool`, of an override constant.
    Bool,
    /// A struct of several.
    Mixed,
}

/// An override constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Constant {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Its value where the host sets none; `None` if the host must.
    pub default: Option<f64>,
    /// Its type.
    pub scalar: Scalar,
}

/// A size which may depend on override constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A number.
    Fixed(u32),
    /// The value of the override constant of this name.
    Constant(&'static str),
    /// Of all the terms.
    Sum(&'static [Extent]),
    /// Of all the terms.
    Product(&'static [Extent]),
    /// The first less the others.
    Difference(&'static [Extent]),
    /// The first divided by the others, rounded down.
    Quotient(&'static [Extent]),
}

impl Extent {
    /// The size where `constant` gives the constants; `None` if one is missing or the size is no `u32`.
    pub fn value(&self, constant: &dyn Fn(&str) -> Option<f64>) -> Option<u32> {
        let fold = |terms: &[Extent], with: fn(u32, u32) -> Option<u32>| {
            let (first, rest) = terms.split_first()?;
            rest.iter().try_fold(first.value(constant)?, |sum, term| with(sum, term.value(constant)?))
        };
        match *self {
            Self::Fixed(number) => Some(number),
            Self::Constant(name) => {
                let value = constant(name)?;
                (0.0..=f64::from(u32::MAX)).contains(&value).then_some(value as u32)
            }
            Self::Sum(terms) => fold(terms, u32::checked_add),
            Self::Product(terms) => fold(terms, u32::checked_mul),
            Self::Difference(terms) => fold(terms, u32::checked_sub),
            Self::Quotient(terms) => fold(terms, u32::checked_div),
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/table.rs"));

//! Every kernel: its header, its table entry, and its way into each driver's language.

#![allow(clippy::unwrap_used, clippy::panic)]

use ansatz_shaders::{Access, Extent, KERNELS, Kernel, Scalar, Variant};
use naga::back::{PipelineConstants, hlsl, msl, spv};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

/// The guaranteed eight of WebGPU less the one that Metal takes.
const MAX_STORAGE_BUFFERS: usize = 7;

fn variants() -> impl Iterator<Item = (&'static Kernel, &'static Variant)> {
    KERNELS.iter().flat_map(|kernel| kernel.variants.iter().map(move |variant| (*kernel, variant)))
}

/// The module with its override constants replaced by `values` and the defaults; 1 where there is neither.
fn module(variant: &Variant, values: &[(&str, f64)]) -> (Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(variant.source).unwrap();
    let allowed = Capabilities::IMMEDIATES | Capabilities::SUBGROUP | Capabilities::FLOAT64;
    let info = Validator::new(ValidationFlags::all(), allowed).validate(&module).unwrap();
    let mut constants = PipelineConstants::default();
    for constant in variant.constants {
        let given = values.iter().find(|(name, _)| *name == constant.name).map(|(_, value)| *value);
        if let Some(value) = given.or(if constant.default.is_none() { Some(1.0) } else { None }) {
            constants.insert(constant.name.to_string(), value);
        }
    }
    let entry = Some((ShaderStage::Compute, "main"));
    let (module, info) =
        naga::back::pipeline_constants::process_overrides(&module, &info, entry, &constants).unwrap();
    (module.into_owned(), info.into_owned())
}

#[test]
fn every_variant_translates_to_spirv() {
    for (kernel, variant) in variants() {
        let (module, info) = module(variant, &[]);
        // Subgroup operations came with 1.3.
        let options = spv::Options { lang_version: (1, 3), ..Default::default() };
        let words = spv::write_vec(&module, &info, &options, None)
            .unwrap_or_else(|error| panic!("{} {:?}: {error}", kernel.name, variant.flags));
        assert_eq!(words[0], 0x0723_0203, "{}", kernel.name);
    }
}

#[test]
fn every_variant_translates_to_msl() {
    for (kernel, variant) in variants() {
        // Metal has no f64, and naga's writer panics on it.
        if variant.flags.contains(&"F64") {
            continue;
        }
        let (module, info) = module(variant, &[]);
        let options = msl::Options { lang_version: (2, 4), ..Default::default() };
        let (text, _) = msl::write_string(&module, &info, &options, &msl::PipelineOptions::default())
            .unwrap_or_else(|error| panic!("{} {:?}: {error}", kernel.name, variant.flags));
        assert!(text.contains("kernel void main_"), "{}", kernel.name);
    }
}

#[test]
fn every_variant_translates_to_hlsl() {
    let options = hlsl::Options {
        shader_model: hlsl::ShaderModel::V6_0,
        immediates_target: Some(hlsl::BindTarget { space: 1, ..Default::default() }),
        ..Default::default()
    };
    let pipeline = hlsl::PipelineOptions::default();
    for (kernel, variant) in variants() {
        let (module, info) = module(variant, &[]);
        let mut text = String::new();
        hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(&module, &info, None)
            .unwrap_or_else(|error| panic!("{} {:?}: {error}", kernel.name, variant.flags));
        assert!(text.contains("numthreads"), "{}", kernel.name);
    }
}

#[test]
fn a_kernel_has_at_most_seven_storage_buffers() {
    for (kernel, variant) in variants() {
        let storage = variant.bindings.iter().filter(|binding| binding.access != Access::Uniform);
        assert!(storage.count() <= MAX_STORAGE_BUFFERS, "{}", kernel.name);
    }
}

#[test]
fn the_header_states_formula_bindings_bytes_and_flops() {
    for kernel in KERNELS {
        let header = kernel.doc().to_lowercase();
        let operators = ["=", "←", "≈", "∈"];
        assert!(operators.iter().any(|sign| header.contains(sign)), "{}: formula", kernel.name);
        for word in ["binding", "byte", "flop"] {
            assert!(header.contains(word), "{}: the header says nothing of {word}s", kernel.name);
        }
    }
}

#[test]
fn the_table_agrees_with_itself() {
    assert!(KERNELS.is_sorted_by_key(|kernel| kernel.name));
    for kernel in KERNELS {
        assert_eq!(ansatz_shaders::find(kernel.name).unwrap().name, kernel.name);
        assert_eq!(kernel.variants.len(), 1 << kernel.flags.len());
        for variant in kernel.variants {
            assert!(std::ptr::eq(kernel.variant(variant.flags), variant), "{}", kernel.name);
            let immediate = variant.flags.contains(&"IMMEDIATES");
            assert_eq!(variant.params.is_some_and(|params| params.immediate), immediate, "{}", kernel.name);
            assert_eq!(variant.binding("params").is_some(), variant.params.is_some() && !immediate);
            // The other buffers keep their index.
            let without: Vec<&str> =
                variant.flags.iter().copied().filter(|flag| *flag != "IMMEDIATES").collect();
            let twin = kernel.variant(&without);
            let others =
                |v: &Variant| v.bindings.iter().filter(|b| b.name != "params").copied().collect::<Vec<_>>();
            assert_eq!(others(variant), others(twin), "{}", kernel.name);
        }
    }
    assert!(ansatz_shaders::find("blas/nothing").is_none());
}

#[test]
fn sizes_agree_with_naga() {
    for (kernel, variant) in variants() {
        for values in [&[][..], &[("LANES", 32.0)], &[("LANES", 256.0)]] {
            let (module, info) = module(variant, values);
            let ones: Vec<_> = variant.constants.iter().filter(|c| c.default.is_none()).collect();
            let all: Vec<_> = values.iter().copied().chain(ones.iter().map(|c| (c.name, 1.0))).collect();
            let size = variant.workgroup_size_with(&all).unwrap();
            assert_eq!(size, module.entry_points[0].workgroup_size, "{} {values:?}", kernel.name);
            let bytes: u32 = module
                .global_variables
                .iter()
                .filter(|(handle, var)| {
                    var.space == naga::AddressSpace::WorkGroup && !info.get_entry_point(0)[*handle].is_empty()
                })
                .map(|(_, var)| module.types[var.ty].inner.size(module.to_ctx()))
                .sum();
            assert_eq!(variant.workgroup_bytes_with(&all), Some(bytes), "{} {values:?}", kernel.name);
        }
    }
}

#[test]
fn what_is_known_of_a_triad() {
    let triad = &ansatz_shaders::blas::TRIAD;
    assert_eq!((triad.name, triad.flags), ("blas/triad", &["F64", "IMMEDIATES"][..]));
    let plain = triad.variant(&["MULTI"]);
    let params = plain.params.unwrap();
    assert_eq!((params.size, params.immediate), (12, false));
    let names: Vec<_> = plain.bindings.iter().map(|b| (b.index, b.name, b.access, b.stride)).collect();
    assert_eq!(
        names,
        [
            (0, "params", Access::Read, 12),
            (1, "b", Access::Read, 16),
            (2, "c", Access::Read, 16),
            (3, "a", Access::ReadWrite, 16)
        ]
    );
    assert_eq!(plain.bindings[0].scalar, Scalar::Mixed);
    assert_eq!(plain.constant("LANES").unwrap().default, Some(64.0));

    let double = triad.variant(&["IMMEDIATES", "F64"]);
    assert_eq!(double.params.map(|params| (params.size, params.immediate)), Some((16, true)));
    let first = double.bindings[0];
    assert_eq!((first.index, first.scalar, first.stride), (1, Scalar::F64, 32));
}

#[test]
fn an_extent_that_has_no_value_is_none() {
    let lanes = Extent::Constant("LANES");
    let with = |value: f64| move |_: &str| Some(value);
    assert_eq!(lanes.value(&|_| None), None);
    assert_eq!(lanes.value(&with(-1.0)), None);
    assert_eq!(lanes.value(&with(f64::NAN)), None);
    static TERMS: [Extent; 2] = [Extent::Constant("LANES"), Extent::Fixed(3)];
    let values = [Extent::Sum, Extent::Product, Extent::Difference, Extent::Quotient]
        .map(|operation| operation(&TERMS).value(&with(7.0)));
    assert_eq!(values, [Some(10), Some(21), Some(4), Some(2)]);
    assert_eq!(Extent::Difference(&TERMS).value(&with(2.0)), None);
    assert_eq!(Extent::Product(&TERMS).value(&with(4e9)), None);
}

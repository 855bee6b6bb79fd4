//! Writes what naga knows about a validated kernel as Rust expressions for the table (build script only).

use naga::valid::ModuleInfo;
use naga::{
    AddressSpace, ArraySize, BinaryOperator, Expression, Handle, Literal, Module, ScalarKind, TypeInner,
};

/// The fields of a `Variant` after its flags and source.
pub fn reflect(module: &Module, info: &ModuleInfo) -> Result<String, String> {
    let mut bindings = Vec::new();
    let mut params = "None".to_string();
    let mut workgroup = Vec::new();
    for (handle, var) in module.global_variables.iter() {
        let name = var.name.as_deref().unwrap_or_default();
        let size = module.types[var.ty].inner.size(module.to_ctx());
        let immediate = var.space == AddressSpace::Immediate;
        let index = var.binding.map(|at| (at.group, at.binding));
        if name == "params" && (immediate || index == Some((0, 0))) {
            params = format!("Some(Params {{ size: {size}, immediate: {immediate} }})");
        } else if name == "params" || immediate {
            return Err(format!("`{name}`: the block of parameters is `params`, immediate or binding 0"));
        }
        match var.space {
            AddressSpace::Storage { access } => {
                let write = access.contains(naga::StorageAccess::STORE);
                bindings.push(binding(
                    module,
                    index,
                    name,
                    if write { "ReadWrite" } else { "Read" },
                    var.ty,
                )?);
            }
            AddressSpace::Uniform => bindings.push(binding(module, index, name, "Uniform", var.ty)?),
            AddressSpace::WorkGroup if !info.get_entry_point(0)[handle].is_empty() => {
                workgroup.push(bytes(module, var.ty)?);
            }
            _ => {}
        }
    }
    bindings.sort_unstable();
    if let Some(pair) = bindings.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("two buffers have binding {}", pair[0].0));
    }
    let bindings: Vec<_> = bindings.into_iter().map(|(_, text)| text).collect();
    let mut constants = Vec::new();
    for (_, constant) in module.overrides.iter() {
        let Some(name) = &constant.name else { continue };
        let default = match constant.init.map(|init| &module.global_expressions[init]) {
            None => "None".to_string(),
            Some(Expression::Literal(literal)) => format!("Some({:?})", number(literal)?),
            // Computed by the driver from the others.
            Some(_) => continue,
        };
        let scalar = scalar(&module.types[constant.ty].inner).unwrap_or("Mixed");
        constants
            .push(format!("Constant {{ name: {name:?}, default: {default}, scalar: Scalar::{scalar} }}"));
    }
    let entry = &module.entry_points[0];
    let mut sizes = entry.workgroup_size.map(|size| format!("Extent::Fixed({size})"));
    for (text, size) in sizes.iter_mut().zip(entry.workgroup_size_overrides.unwrap_or_default()) {
        if let Some(handle) = size {
            *text = extent(module, handle)?;
        }
    }
    Ok(format!(
        "params: {params}, bindings: &[{}], constants: &[{}], workgroup_size: [{}], workgroup_bytes: {}",
        bindings.join(", "),
        constants.join(", "),
        sizes.join(", "),
        operation("Sum", &workgroup),
    ))
}

fn binding(
    module: &Module,
    index: Option<(u32, u32)>,
    name: &str,
    access: &str,
    ty: Handle<naga::Type>,
) -> Result<(u32, String), String> {
    let Some((0, index)) = index else { return Err(format!("buffer `{name}` is not in group 0")) };
    let mut inner = &module.types[ty].inner;
    // The elements of a run-time sized array at the end of a struct are what the stride is about.
    if let TypeInner::Struct { members, .. } = inner
        && let Some(last) = members.last()
        && let TypeInner::Array { size: ArraySize::Dynamic, .. } = module.types[last.ty].inner
    {
        inner = &module.types[last.ty].inner;
    }
    let stride = match inner {
        TypeInner::Array { stride, .. } => *stride,
        other => other.size(module.to_ctx()),
    };
    let mut scalars = Vec::new();
    scalars_of(module, ty, &mut scalars);
    scalars.dedup();
    let scalar = if let [one] = scalars[..] { one } else { "Mixed" };
    let access = format!("access: Access::{access}, scalar: Scalar::{scalar}");
    Ok((index, format!("Binding {{ index: {index}, name: {name:?}, {access}, stride: {stride} }}")))
}

fn scalars_of(module: &Module, ty: Handle<naga::Type>, found: &mut Vec<&'static str>) {
    match &module.types[ty].inner {
        TypeInner::Array { base, .. } => scalars_of(module, *base, found),
        TypeInner::Struct { members, .. } => members.iter().for_each(|m| scalars_of(module, m.ty, found)),
        other => found.push(scalar(other).unwrap_or("Mixed")),
    }
}

fn scalar(inner: &TypeInner) -> Option<&'static str> {
    let scalar = match inner {
        TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => scalar,
        TypeInner::Vector { scalar, .. } | TypeInner::Matrix { scalar, .. } => scalar,
        _ => return None,
    };
    Some(match (scalar.kind, scalar.width) {
        (ScalarKind::Uint, 4) => "U32",
        (ScalarKind::Sint, 4) => "I32",
        (ScalarKind::Float, 4) => "F32",
        (ScalarKind::Float, 8) => "F64",
        (ScalarKind::Bool, _) => "Bool",
        _ => return None,
    })
}

/// Bytes of a workgroup variable, which may depend on override constants.
fn bytes(module: &Module, ty: Handle<naga::Type>) -> Result<String, String> {
    match module.types[ty].inner {
        TypeInner::Array { size: ArraySize::Pending(count), stride, .. } => {
            Ok(operation("Product", &[constant(module, count)?, format!("Extent::Fixed({stride})")]))
        }
        ref other => Ok(format!("Extent::Fixed({})", other.size(module.to_ctx()))),
    }
}

fn constant(module: &Module, handle: Handle<naga::Override>) -> Result<String, String> {
    let constant = &module.overrides[handle];
    match (&constant.name, constant.init) {
        (_, Some(init)) if !matches!(module.global_expressions[init], Expression::Literal(_)) => {
            extent(module, init)
        }
        (Some(name), _) => Ok(format!("Extent::Constant({name:?})")),
        (None, Some(init)) => extent(module, init),
        (None, None) => Err("an override constant without a name and a value".into()),
    }
}

fn extent(module: &Module, handle: Handle<Expression>) -> Result<String, String> {
    match module.global_expressions[handle] {
        Expression::Literal(ref literal) => Ok(format!("Extent::Fixed({})", number(literal)? as u32)),
        Expression::Constant(handle) => extent(module, module.constants[handle].init),
        Expression::Override(handle) => constant(module, handle),
        Expression::As { expr, .. } => extent(module, expr),
        Expression::Binary { op, left, right } => {
            let name = match op {
                BinaryOperator::Add => "Sum",
                BinaryOperator::Subtract => "Difference",
                BinaryOperator::Multiply => "Product",
                BinaryOperator::Divide => "Quotient",
                _ => return Err(format!("a size is made with + - * / only, not with {op:?}")),
            };
            Ok(operation(name, &[extent(module, left)?, extent(module, right)?]))
        }
        ref other => Err(format!("a size cannot be told from {other:?}: use numbers, overrides and + - * /")),
    }
}

fn operation(name: &str, terms: &[String]) -> String {
    match terms {
        [] => "Extent::Fixed(0)".to_string(),
        [one] => one.clone(),
        many => format!("Extent::{name}(&[{}])", many.join(", ")),
    }
}

fn number(literal: &Literal) -> Result<f64, String> {
    Ok(match *literal {
        Literal::F64(x) | Literal::AbstractFloat(x) => x,
        Literal::F32(x) => f64::from(x),
        Literal::U32(x) => f64::from(x),
        Literal::I32(x) => f64::from(x),
        Literal::AbstractInt(x) => x as f64,
        Literal::Bool(x) => f64::from(u8::from(x)),
        ref other => return Err(format!("no override constant of the kind {other:?}")),
    })
}

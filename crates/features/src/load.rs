//! Features that take the place of others on a device.

use ansatz_gpu::{Gpu, GpuError, Real};

use crate::{DeviceFeatures, Features};

/// Puts `features` where others of the same family and shape are on a device: all that was recorded with these is of the new ones then.
///
/// # Errors
/// [`GpuError::Misuse`] where they are of another shape, or of a family whose launches depend on more than numbers.
pub fn load<T: Real>(
    gpu: &Gpu,
    device: &dyn DeviceFeatures<T>,
    features: &dyn Features,
) -> Result<(), GpuError> {
    let misuse =
        |message: &str| GpuError::Misuse { what: "features".to_owned(), message: message.to_owned() };
    let numbers = features.numbers().ok_or_else(|| misuse("of a family that cannot be replaced"))?;
    let buffers = device.numbers();
    let fits = device.len() == features.len()
        && buffers.len() == numbers.len()
        && buffers.iter().zip(&numbers).all(|(buffer, numbers)| buffer.len() == numbers.len());
    if !fits {
        return Err(misuse("of another shape than those that they shall replace"));
    }
    buffers.into_iter().zip(numbers).try_for_each(|(buffer, numbers)| {
        gpu.write(buffer, 0, &numbers.into_iter().map(T::from_f64).collect::<Vec<T>>())
    })
}

//! The one way to call faer.

/// What `work` gives, with the upper halves of the vector registers cleared afterwards, in every thread of rayon and in this
/// one. The kernels below faer leave them dirty, and then each switch between old and new vector instructions costs as
/// much as a sine, as long as the thread lives.
pub(crate) fn with_faer<R>(work: impl FnOnce() -> R) -> R {
    let result = work();
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx")]
        fn zero_upper() {
            std::arch::x86_64::_mm256_zeroupper();
        }
        if std::arch::is_x86_feature_detected!("avx") {
            // SAFETY: the processor has the instruction.
            let clean = || unsafe { zero_upper() };
            rayon::broadcast(|_| clean());
            clean();
        }
    }
    result
}

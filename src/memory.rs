//! How the allocator treats large fields.

/// Tells the allocator to keep what is freed, up to the end of the process. Left alone it maps every
/// array of 128 KiB and more afresh and gives it back at once, so that each field of 128² numbers costs
/// its page faults anew: most of the time of whoever computes with such fields.
pub fn keep() {
    #[expect(unsafe_code, reason = "allocator settings are C calls")]
    // SAFETY: it takes plain values.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        libc::mallopt(libc::M_TOP_PAD, 64 << 20);
    }
}

// How a loop is compiled for several CPUs, in whatever target it stands.
#ifndef LOCKSTEP_DISPATCH_H
#define LOCKSTEP_DISPATCH_H

// One function, three bodies: the dynamic loader picks by CPU at start. Elsewhere the compiler's
// baseline is used; under the thread sanitizer too, which is not ready yet when the loader picks.
#if defined(__x86_64__) && defined(__linux__) && defined(__GLIBC__) && \
    !__has_feature(thread_sanitizer)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define KERNEL
#endif

// A helper of a kernel must be inlined, or it would be compiled for the baseline only.
#define INLINE static inline __attribute__((always_inline))

#endif

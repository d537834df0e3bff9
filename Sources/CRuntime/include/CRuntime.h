// What a process has once, and each of its threads: words, standard streams, signals, state of automatic
// differentiation, callers, cores, a job that it starts, the heap; and hashes of memory.
#ifndef LOCKSTEP_CRUNTIME_H
#define LOCKSTEP_CRUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatch.h"

#pragma clang assume_nonnull begin

// MARK: the process (process.c)

// Before `main`, a standard stream that is closed gets a file that can be used neither: no file that is
// opened later has its number.

/// How many words this process was started with, the program's name among them. Unlike what the standard
/// library knows, they are there without `/proc`.
int lk_argument_count(void);
/// One of them, as bytes.
const char *lk_argument(int index);

/// From now on, to write to a pipe that nobody reads (SIGPIPE) or beyond the limit of a file's size
/// (SIGXFSZ) is an error of that write and not the end of the process, unless the program has said what
/// they are to do.
void lk_ignore_failed_writes(void);
/// Whether `signal` is one of these two and ignored for that reason.
bool lk_ignores_failed_write(int signal);
/// Takes that back, as before another program takes the place of this one. Returns how many of the two
/// signals end this process now.
int lk_obey_failed_writes(void);

// MARK: state of a thread (threads.c)

/// How many `noGrad` scopes the current thread is in.
int32_t *lk_no_grad_depth(void);
/// How many `detectAnomaly` scopes the current thread is in.
int32_t *lk_anomaly_depth(void);
/// The operation whose gradient the current thread computes, or null.
void *_Nullable *_Nonnull lk_current_operation(void);
/// The `autocast` region that the current thread is in, or null.
void *_Nullable *_Nonnull lk_autocast_region(void);
/// A number that no earlier backward pass of the process had.
int64_t lk_next_pass(void);

/// Names the current thread for `top -H` and debuggers: 15 characters at most.
void lk_name_thread(const char *name);

/// How many cores the process may run on.
int lk_available_cores(void);

// MARK: jobs (job.c)

/// Starts the program `arguments[0]`, found in `PATH`, with an empty standard input and with the file
/// `errors` as its standard error. It is the head of a process group of its own, blocks no signal, and
/// gets SIGTERM when the calling thread ends.
///
/// Returns the number of its process, or minus the system's error where it cannot be started.
int lk_start_job(char *_Nullable const *_Nonnull arguments, int errors);

// MARK: signals (signals.c)

/// From now on SIGINT, SIGTERM and SIGUSR1 ask to stop, and SIGUSR2 to save; a second SIGINT ends the
/// process. A signal that was ignored stays so; one that the calling thread blocks no longer is. Each call wants one of `lk_leave_requests`; with the last
/// of these the signals are handled as before.
void lk_catch_requests(void);

/// Ends what `lk_catch_requests` began.
void lk_leave_requests(void);

/// The last signal that asked to stop; 0: none has.
int lk_stop_signal(void);

/// How many signals asked to save.
int lk_save_requests(void);

// MARK: callers (callers.c)

/// The return addresses of the `count` innermost callers of the caller, innermost first; 0 beyond
/// the outermost. Follows frame pointers, which Swift always keeps.
void lk_callers(int count, uintptr_t *addresses);

// MARK: memory (memory.c, heap.c, hash.c)

/// From now on, a process whose runtime gets no memory ends with one line `error: …` on standard error
/// and with this status, and not by a trap without a word.
void lk_report_lost_memory(int exit_status);
/// What that line says between `error: ` and the cause, such as `rank 1/4 (host): `.
void lk_name_in_errors(const char *who);

/// A file of `bytes` zeros in memory, which has no name and is gone with who has it open; negative where
/// the system has none.
int lk_memory_file(ptrdiff_t bytes);

/// Gives the system what the C library keeps of freed memory.
void lk_trim_heap(void);

/// 64 bits that differ for memory that differs in one aligned word of 8 bytes, and for memory that
/// differs otherwise with a probability of 1 - 2^-64. Not safe against intent.
uint64_t lk_hash(ptrdiff_t n, const void *bytes);

/// Begins to bring the cache line at `address` here, without waiting for it.
static inline void lk_prefetch(const void *address) { __builtin_prefetch(address); }

#pragma clang assume_nonnull end

#endif

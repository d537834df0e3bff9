// Convolution and pooling of images; included by CKernels.h.
#ifndef LOCKSTEP_IMAGES_H
#define LOCKSTEP_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// MARK: convolution (convolution.c)

// A block of 16 channels is kept as rows of 16 lanes, one row per pixel or per weight: `lanes`
// arrays.

/// out[r][l] (+)= sum over s of x[row_offsets[r] + step_offsets[s]] * weights[s][l], for 16 lanes
/// l. The rows are whole runs of `run` rows, in each of which an offset is the one before it plus
/// one.
void lk_convolve_rows(ptrdiff_t rows, ptrdiff_t run, const int32_t *row_offsets, ptrdiff_t steps,
                      const int32_t *step_offsets, const float *x, const float *weights,
                      float *out, bool accumulate);
/// The same for x of 16 lanes: x[row_offsets[r] + step_offsets[s]][l] * weights[s][l].
void lk_convolve_lanes(ptrdiff_t rows, ptrdiff_t run, const int32_t *row_offsets, ptrdiff_t steps,
                       const int32_t *step_offsets, const float *x, const float *weights,
                       float *out, bool accumulate);
/// Copies planes into larger ones of zeros, their first element to (top, left). Negative positions
/// cut off.
void lk_pad_planes(ptrdiff_t planes, ptrdiff_t height, ptrdiff_t width, const float *a,
                   ptrdiff_t top, ptrdiff_t left, ptrdiff_t padded_height, ptrdiff_t padded_width,
                   float *out);

// MARK: pooling of contiguous planes (pooling.c)

/// The sizes of planes and of the windows over them.
typedef struct {
  ptrdiff_t height, width, out_height, out_width, kernel_y, kernel_x, stride_y, stride_x, padding_y, padding_x;
} lk_windows;
/// The positions along an axis that a window covers, and by what it divides their sum.
typedef struct {
  ptrdiff_t first, last;
  float divisor;
} lk_span;

/// The largest value of each window (NaN if any is NaN), and where it lies in its plane; the first
/// of equals.
void lk_maximum_windows(const lk_windows *w, ptrdiff_t planes, const float *a, float *out,
                        int32_t *places);
/// out[places[i]] += gradient[i] for each plane; `size` values in a plane of `out`, `out_size` in
/// one of `gradient`.
void lk_scatter_windows(ptrdiff_t planes, ptrdiff_t size, ptrdiff_t out_size, const float *gradient,
                        const int32_t *places, float *out);
/// The mean of each window; a plane has `size` values, and `sums` holds `width` values meanwhile.
void lk_mean_windows(ptrdiff_t planes, ptrdiff_t width, ptrdiff_t size, ptrdiff_t out_height,
                     const lk_span *rows, ptrdiff_t out_width, const lk_span *columns,
                     const float *a, double *sums, float *out);
/// out += the gradient of the planes, given that of the means.
void lk_mean_windows_gradient(ptrdiff_t planes, ptrdiff_t width, ptrdiff_t size,
                              ptrdiff_t out_height, const lk_span *rows, ptrdiff_t out_width,
                              const lk_span *columns, const float *gradient, float *shares,
                              float *out);

#pragma clang assume_nonnull end

#endif

// The inner loops that need run-time CPU dispatch, and the per-thread state of automatic differentiation.
//
// Every kernel is compiled for AVX-512, AVX2+FMA and the baseline (see kernel.h); the loader picks. Counts and
// strides are in elements. The order of every sum is fixed by the source, so on one CPU a result is a function
// of the inputs alone. `out` may be exactly one of the inputs, but must not overlap one otherwise.
#ifndef LOCKSTEP_CKERNELS_H
#define LOCKSTEP_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// MARK: element-wise (elementwise.c, activations.c)

/// out[i * so] = f(a[i * sa], b[i * sb]). A stride of zero repeats one value.
typedef void (*lk_binary)(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa,
                          const float *b, ptrdiff_t sb);
/// out[i * so] = f(a[i * sa]; p, q), where p and q are parameters of f (unused by most).
typedef void (*lk_unary)(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa,
                         float p, float q);

#define LK_BINARY(name)                                                                          \
  void lk_##name(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa,            \
                 const float *b, ptrdiff_t sb);
#define LK_UNARY(name)                                                                           \
  void lk_##name(ptrdiff_t n, float *out, ptrdiff_t so, const float *a, ptrdiff_t sa, float p,   \
                 float q);

// Arithmetic. A NaN in either operand of maximum or minimum wins; remainder has the sign of b.
LK_BINARY(add) LK_BINARY(subtract) LK_BINARY(multiply) LK_BINARY(divide) LK_BINARY(power)
LK_BINARY(maximum) LK_BINARY(minimum) LK_BINARY(remainder) LK_BINARY(floor_divide)

// Comparison and logic: 1 or 0.
LK_BINARY(equal) LK_BINARY(not_equal) LK_BINARY(less) LK_BINARY(less_equal)
LK_BINARY(greater) LK_BINARY(greater_equal) LK_BINARY(logical_and) LK_BINARY(logical_or)
LK_UNARY(logical_not) LK_UNARY(truth) LK_UNARY(is_nan) LK_UNARY(is_finite)

LK_UNARY(scale) LK_UNARY(shift) LK_UNARY(subtract_from)  // p * x, x + p, p - x
LK_UNARY(power_scalar) LK_UNARY(clamp)                   // x^p; x between p and q
LK_UNARY(negate) LK_UNARY(abs) LK_UNARY(sign) LK_UNARY(square) LK_UNARY(sqrt) LK_UNARY(rsqrt)
LK_UNARY(reciprocal) LK_UNARY(exp) LK_UNARY(expm1) LK_UNARY(log) LK_UNARY(log1p) LK_UNARY(log2)
LK_UNARY(sin) LK_UNARY(cos) LK_UNARY(tanh) LK_UNARY(sigmoid) LK_UNARY(erf)
LK_UNARY(floor) LK_UNARY(ceil) LK_UNARY(round)  // to even

// Activations; p and q are their parameters.
LK_UNARY(relu) LK_UNARY(leaky_relu) LK_UNARY(elu) LK_UNARY(gelu) LK_UNARY(gelu_tanh) LK_UNARY(silu)
LK_UNARY(softplus) LK_UNARY(hard_sigmoid) LK_UNARY(log_sigmoid)

// Slopes: the derivative of the activation at x, for those that are not a gradient kernel.
LK_UNARY(leaky_relu_slope) LK_UNARY(elu_slope) LK_UNARY(softplus_slope) LK_UNARY(hard_sigmoid_slope)
LK_UNARY(clamp_slope)

// Gradients: a is the gradient of the result; b the input x or the result y of the forward function.
LK_BINARY(relu_gradient)        // from y
LK_BINARY(tanh_gradient)        // from y
LK_BINARY(sigmoid_gradient)     // from y
LK_BINARY(gelu_gradient)        // from x
LK_BINARY(gelu_tanh_gradient)   // from x
LK_BINARY(silu_gradient)        // from x
LK_BINARY(log_sigmoid_gradient) // from x

// MARK: Float16 (half.c)

/// out[i] = a[i * stride], widened.
void lk_half_to_float(ptrdiff_t n, float *out, const uint16_t *a, ptrdiff_t stride);
/// out[i * stride] = a[i], rounded to nearest even; too large becomes infinity.
void lk_float_to_half(ptrdiff_t n, uint16_t *out, ptrdiff_t stride, const float *a);
/// The same by bit arithmetic on any CPU: what the two above fall back to, for tests.
void lk_half_to_float_portable(ptrdiff_t n, float *out, const uint16_t *a);
void lk_float_to_half_portable(ptrdiff_t n, uint16_t *out, const float *a);

// MARK: reductions (reduce.c)

/// The sum of n contiguous values.
float lk_sum(ptrdiff_t n, const float *a);
/// out[r] = sum over c of a[r * stride + c].
void lk_sum_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride, float *out);
/// out[c] (+)= sum over r of a[r * stride + c]; adds to `out` when `accumulate`.
void lk_sum_columns(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                    float *out, bool accumulate);
/// The largest of n > 0 contiguous values; NaN if any is NaN.
float lk_maximum_of(ptrdiff_t n, const float *a);
/// The index of the first largest (`sign` 1) or smallest (`sign` -1) of n > 0 contiguous values; a NaN wins.
ptrdiff_t lk_index_of_extreme(ptrdiff_t n, const float *a, float sign);

// MARK: softmax and cross-entropy over contiguous rows (softmax.c)

/// out = softmax of each row.
void lk_softmax_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *out);
/// out = a - log(sum(exp(a))) of each row.
void lk_log_softmax_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, float *out);
/// out = y * (g - sum(g * y)) of each row.
void lk_softmax_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g, const float *y,
                              float *out);
/// out = g - exp(y) * sum(g) of each row.
void lk_log_softmax_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g,
                                  const float *y, float *out);
/// normaliser[r] = log(sum(exp(a[r, :]))); loss[r] = normaliser[r] - a[r, target[r]].
/// Targets must lie in 0 ..< columns.
void lk_cross_entropy_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                           const int32_t *target, float *normaliser, float *loss);
/// out[r, c] = scale[r * scale_stride] * (exp(a[r, c] - normaliser[r]) - (c == target[r])).
void lk_cross_entropy_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                    const int32_t *target, const float *normaliser,
                                    const float *scale, ptrdiff_t scale_stride, float *out);

// MARK: convolution (convolution.c)

// A block of 16 channels is kept as rows of 16 lanes, one row per pixel or per weight: `lanes` arrays.

/// out[r][l] (+)= sum over s of x[row_offsets[r] + step_offsets[s]] * weights[s][l], for 16 lanes l.
void lk_convolve_rows(ptrdiff_t rows, const int32_t *row_offsets, ptrdiff_t steps,
                      const int32_t *step_offsets, const float *x, const float *weights,
                      float *out, bool accumulate);
/// The same for x of 16 lanes: x[row_offsets[r] + step_offsets[s]][l] * weights[s][l].
void lk_convolve_lanes(ptrdiff_t rows, const int32_t *row_offsets, ptrdiff_t steps,
                       const int32_t *step_offsets, const float *x, const float *weights,
                       float *out, bool accumulate);
/// out[c][r] = a[r * stride + c]; lanes from `rows` (at most 16) on are 0.
void lk_lanes_from_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                        float *out);
/// out[r * stride + c] (+)= a[c][r] + bias[r].
void lk_rows_from_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                        const float *_Nullable bias, float *out, ptrdiff_t stride, bool accumulate);
/// out[r * stride + places[c]] (+)= a[c][r] + bias[r].
void lk_scatter_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a, const float *_Nullable bias,
                      const int32_t *places, float *out, ptrdiff_t stride, bool accumulate);
/// Copies planes into larger ones of zeros, their first element to (top, left). Negative positions cut off.
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

/// The largest value of each window (NaN if any is NaN), and where it lies in its plane; the first of equals.
void lk_maximum_windows(const lk_windows *w, ptrdiff_t planes, const float *a, float *out,
                        int32_t *places);
/// out[places[i]] += gradient[i] for each plane; `size` values in a plane of `out`, `out_size` in one of `gradient`.
void lk_scatter_windows(ptrdiff_t planes, ptrdiff_t size, ptrdiff_t out_size, const float *gradient,
                        const int32_t *places, float *out);
/// The mean of each window; a plane has `size` values, and `sums` holds `width` values meanwhile.
void lk_mean_windows(ptrdiff_t planes, ptrdiff_t width, ptrdiff_t size, ptrdiff_t out_height,
                     const lk_span *rows, ptrdiff_t out_width, const lk_span *columns,
                     const float *a, float *sums, float *out);
/// out += the gradient of the planes, given that of the means.
void lk_mean_windows_gradient(ptrdiff_t planes, ptrdiff_t width, ptrdiff_t size,
                              ptrdiff_t out_height, const lk_span *rows, ptrdiff_t out_width,
                              const lk_span *columns, const float *gradient, float *shares,
                              float *out);

// MARK: optimiser updates in one pass (update.c)

/// PyTorch's SGD: g += decay * p; m = momentum * m + (1 - dampening) * g; g = nesterov ? g + momentum * m : m;
/// p -= rate * g. With momentum 0, m is not touched and may be null. `first`: m = g instead.
void lk_sgd_update(ptrdiff_t n, float *p, const float *g, float *_Nullable m, float rate, float momentum,
                   float dampening, float decay, bool nesterov, bool first);
/// Adam (decay added to the gradient) or AdamW (decoupled). correction1 = 1 - beta1^t;
/// correction2 = sqrt(1 - beta2^t); rest1 = 1 - beta1 and rest2 = 1 - beta2, which a float beta2 near 1 would give
/// with an error of 5e-5.
void lk_adam_update(ptrdiff_t n, float *p, const float *g, float *m, float *v, float rate,
                    float rest1, float beta2, float rest2, float epsilon, float decay,
                    bool decoupled, float correction1, float correction2);

// MARK: threads (threads.c)

/// How many cores the process may run on.
int lk_available_cores(void);

/// How many `noGrad` scopes the current thread is in.
int32_t *lk_no_grad_depth(void);
/// The name of the operation whose gradient the current thread computes, or null.
const char *_Nullable *_Nonnull lk_current_operation(void);
/// A number that no earlier backward pass of the process had.
int64_t lk_next_pass(void);

#pragma clang assume_nonnull end

#endif

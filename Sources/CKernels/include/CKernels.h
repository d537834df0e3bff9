// The inner loops that need run-time CPU dispatch.
//
// Every kernel is compiled for AVX-512, AVX2+FMA and the baseline (see kernel.h); the loader picks.
// Counts and strides are in elements. The order of every sum is fixed by the source, so on one CPU
// a result is a function of the inputs alone. `out` may be exactly one of the inputs, but must not
// overlap one otherwise.
#ifndef LOCKSTEP_CKERNELS_H
#define LOCKSTEP_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "images.h"
#include "recurrent_steps.h"
#include "products.h"

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
LK_UNARY(divide_by) LK_UNARY(divide_into)                // x / p, p / x
LK_UNARY(power_scalar) LK_UNARY(clamp)                   // x^p; x between p and q
LK_UNARY(negate) LK_UNARY(abs) LK_UNARY(sign) LK_UNARY(square) LK_UNARY(sqrt) LK_UNARY(rsqrt)
LK_UNARY(reciprocal) LK_UNARY(exp) LK_UNARY(expm1) LK_UNARY(log) LK_UNARY(log1p) LK_UNARY(log2)
LK_UNARY(sin) LK_UNARY(cos) LK_UNARY(tanh) LK_UNARY(sigmoid) LK_UNARY(erf)
LK_UNARY(floor) LK_UNARY(ceil) LK_UNARY(round)  // to even

// Activations; p and q are their parameters.
LK_UNARY(relu) LK_UNARY(leaky_relu) LK_UNARY(elu) LK_UNARY(softplus) LK_UNARY(hard_sigmoid)
LK_UNARY(log_sigmoid)

// Slopes: the derivative of the activation at x, for those that are not a gradient kernel.
LK_UNARY(leaky_relu_slope) LK_UNARY(elu_slope) LK_UNARY(softplus_slope) LK_UNARY(hard_sigmoid_slope)
LK_UNARY(clamp_slope) LK_UNARY(hardtanh_slope)

// Gradients: a is the gradient of the result; b the input x or the result y of the forward
// function.
LK_BINARY(relu_gradient)        // from y
LK_BINARY(tanh_gradient)        // from y
LK_BINARY(sigmoid_gradient)     // from y
LK_BINARY(log_sigmoid_gradient) // from x

/// out[i] = f(a[i]), and unless it is null slope[i] = f'(a[i]).
typedef void (*lk_with_slope)(ptrdiff_t n, float *out, float *_Nullable slope, const float *a);
#define LK_WITH_SLOPE(name)                                                                      \
  void lk_##name(ptrdiff_t n, float *out, float *_Nullable slope, const float *a);
LK_WITH_SLOPE(gelu) LK_WITH_SLOPE(gelu_tanh) LK_WITH_SLOPE(silu)

// MARK: reductions (reduce.c, extremes.c, moments.c)

/// The sum of n contiguous values.
double lk_sum(ptrdiff_t n, const float *a);

/// lk_<name>_rows: out[r] = the reduction over c of a[r * stride + c]. lk_<name>_columns: out[c] =
/// the reduction over r of a[r * stride + c], and of out[c] when `accumulate`. Of no elements: the
/// value that changes no other (0, 1, an infinity, the least or largest integer).
#define LK_REDUCTION(name, T)                                                                    \
  void lk_##name##_rows(ptrdiff_t rows, ptrdiff_t columns, const T *a, ptrdiff_t stride, T *out);\
  void lk_##name##_columns(ptrdiff_t rows, ptrdiff_t columns, const T *a, ptrdiff_t stride,      \
                           T *out, bool accumulate);

LK_REDUCTION(sum, float) LK_REDUCTION(product, float)
LK_REDUCTION(sum_of_magnitudes, float) LK_REDUCTION(sum_of_squares, float)
// A NaN is larger and smaller than any number.
LK_REDUCTION(largest, float) LK_REDUCTION(smallest, float) LK_REDUCTION(largest_magnitude, float)
LK_REDUCTION(log_sum_exp, float)
// Sums and products wrap around.
LK_REDUCTION(integer_sum, int64_t) LK_REDUCTION(integer_product, int64_t)
LK_REDUCTION(integer_largest, int64_t) LK_REDUCTION(integer_smallest, int64_t)
// Of booleans, stored as 0 or 1.
LK_REDUCTION(any, uint8_t) LK_REDUCTION(all, uint8_t)

/// The extreme of n > 0 contiguous values, and the index of the first of them; a NaN is extreme.
#define LK_EXTREME(name, T)                                                                      \
  T lk_index_of_##name(ptrdiff_t n, const T *a, int64_t *index);                                 \
  void lk_index_of_##name##_columns(ptrdiff_t rows, ptrdiff_t columns, const T *a,               \
                                    ptrdiff_t stride, int64_t *out);
LK_EXTREME(largest, float) LK_EXTREME(smallest, float)
LK_EXTREME(integer_largest, int64_t) LK_EXTREME(integer_smallest, int64_t)

/// mean[r] and the sum of squared deviations from it, of each row of columns > 0 values, in two
/// passes.
void lk_moments_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                     float *mean, float *deviation);
/// The same for each column of rows > 0 values.
void lk_moments_columns(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                        float *mean, float *deviation);
/// Joins the moments of `parts` parts, stored part after part: each of `size` values, but `last` in
/// the last.
void lk_moments_join(ptrdiff_t parts, ptrdiff_t columns, ptrdiff_t size, ptrdiff_t last,
                     const float *means, const float *deviations, float *mean, float *deviation);

/// out[r, c] = g[r] times the product of the other elements of row r; unless `has_zeros`, the quotient
/// of the whole product and the element in rows that are not finite. `out` is not `a`.
void lk_product_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g, const float *a,
                              bool has_zeros, float *out);
/// out[r, c] = sums[c] + the sum of a[0 ... r, c], from the last row backwards when `reversed`;
/// leaves the sum of all in sums[c].
void lk_cumulative_sum(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                       float *out, bool reversed, double *sums);
/// The same for integers, which wrap around.
void lk_integer_cumulative_sum(ptrdiff_t rows, ptrdiff_t columns, const int64_t *a,
                               ptrdiff_t stride, int64_t *out, bool reversed, uint64_t *sums);

// MARK: sorting (sort.c)

/// Sorts by the upper halves; entries whose upper halves are equal keep their order, which must be
/// that of their lower halves. `scratch` has room for n entries.
void lk_sort(ptrdiff_t n, uint64_t *entries, uint64_t *scratch);
/// Moves the k smallest of n entries, all different, to the front, in no order.
void lk_select(ptrdiff_t n, ptrdiff_t k, uint64_t *entries);
/// out[i] = a key that orders like a[i] in its upper half, and i in its lower. A NaN is last, zeros
/// of either sign are equal. `flip` is 0, or UINT32_MAX for the reverse order.
void lk_sort_keys(ptrdiff_t n, const float *a, uint64_t *out, uint32_t flip);

// MARK: lanes (lanes.c)

// Up to 16 rows side by side: for convolutions, attention, and products of few rows.

/// out[c * leading + r] = a[r * stride + c]; lanes from `rows` (at most 16) on are 0.
void lk_lanes_from_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                        float *out, ptrdiff_t leading);
/// out[r * stride + c] (+)= a[c * leading + r] + bias[r].
void lk_rows_from_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t leading,
                        const float *_Nullable bias, float *out, ptrdiff_t stride, bool accumulate);
/// out[r * stride + places[c]] (+)= a[c][r] + bias[r].
void lk_scatter_lanes(ptrdiff_t rows, ptrdiff_t columns, const float *a, const float *_Nullable bias,
                      const int32_t *places, float *out, ptrdiff_t stride, bool accumulate);

// MARK: softmax (softmax.c)

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
/// The same along the columns of a [size, columns] matrix, whose rows are `stride` apart;
/// `logarithm`: of softmax.
void lk_softmax_columns(ptrdiff_t size, ptrdiff_t columns, ptrdiff_t stride, const float *a,
                        float *out, bool logarithm);
void lk_softmax_gradient_columns(ptrdiff_t size, ptrdiff_t columns, ptrdiff_t stride,
                                 const float *g, const float *y, float *out, bool logarithm);

// MARK: losses (losses.c)

/// Cross-entropy of each row with the class target[r] < columns; a negative one is ignored and
/// costs 0.
///
/// With n(c) = weights[c] * (log(sum(exp(a[r, :]))) - a[r, c]) and smoothing s, loss[r] =
/// (1 - s) * n(target[r]) + s * mean over c of weights[c] * n(c). Without weights all are 1.
/// `exponentials`, unless null, receive e = exp(a[r, c] - max(a[r, :])) for the gradient, where a
/// row counts; they are not `a`. normaliser[r] makes probabilities of them: it is 1 / sum(e), or
/// without them log(sum(exp(a[r, :]))).
void lk_cross_entropy_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                           const int32_t *target, const float *_Nullable weights, float smoothing,
                           float *_Nullable exponentials, float *normalizer, float *loss);
/// out[r, c] = factor * g[r * g_stride] * d loss[r] / d x[r, c], where `a` is x or the exponentials
/// that were kept; `out` may be `a`.
void lk_cross_entropy_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                                    bool are_exponentials, const int32_t *target,
                                    const float *_Nullable weights, float smoothing,
                                    const float *normalizer, const float *g, ptrdiff_t g_stride,
                                    float factor, float *out);

/// out[i] = loss(a[i], b[i]; p) of an input and a target.
typedef void (*lk_pair_loss)(ptrdiff_t n, float *out, const float *a, const float *b, float p);
/// The sum of the losses.
typedef double (*lk_pair_loss_sum)(ptrdiff_t n, const float *a, const float *b, float p);
/// out[i] = factor * g[i] * slope(a[i], b[i]; p); with `one_g`, g[0] is for all.
typedef void (*lk_pair_loss_gradient)(ptrdiff_t n, float *out, const float *g, bool one_g,
                                      float factor, const float *a, const float *b, float p);

#define LK_PAIR_LOSS(name)                                                                       \
  void lk_##name##_loss(ptrdiff_t n, float *out, const float *a, const float *b, float p);       \
  double lk_##name##_loss_sum(ptrdiff_t n, const float *a, const float *b, float p);             \
  void lk_##name##_loss_gradient(ptrdiff_t n, float *out, const float *g, bool one_g,            \
                                 float factor, const float *a, const float *b, float p);         \
  void lk_##name##_loss_target_gradient(ptrdiff_t n, float *out, const float *g, bool one_g,     \
                                        float factor, const float *a, const float *b, float p);
LK_PAIR_LOSS(squared)
LK_PAIR_LOSS(absolute)
LK_PAIR_LOSS(smooth_absolute)              // quadratic within p, of slope 1 beyond
LK_PAIR_LOSS(huber)                        // quadratic within p, of slope p beyond
LK_PAIR_LOSS(binary_cross_entropy)         // of probabilities; logarithms are at least -100
LK_PAIR_LOSS(binary_cross_entropy_logits)  // of logits
LK_PAIR_LOSS(divergence)                   // Kullback-Leibler, a logarithm against a probability
LK_PAIR_LOSS(log_divergence)               // a logarithm against a logarithm

/// Whether all values are in lower ... upper; NaN is not.
bool lk_all_within(ptrdiff_t n, const float *a, float lower, float upper);

// MARK: normalisation (normalization.c)

/// out = (a - mean) * scale * weight + bias of each contiguous row, scale = 1 / sqrt(variance +
/// epsilon).
void lk_layer_norm_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                        const float *_Nullable weight, const float *_Nullable bias, float epsilon,
                        float *mean, float *scale, float *out);
/// out = a * scale * weight of each contiguous row, scale = 1 / sqrt(mean of squares + epsilon).
void lk_rms_norm_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a,
                      const float *_Nullable weight, float epsilon, float *scale, float *out);
/// out = the gradient of a; the gradients of weight and bias are added to dw and db.
void lk_layer_norm_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g, const float *a,
                                 const float *_Nullable weight, const float *mean,
                                 const float *scale, float *out, float *_Nullable dw,
                                 float *_Nullable db);
void lk_rms_norm_gradient_rows(ptrdiff_t rows, ptrdiff_t columns, const float *g, const float *a,
                               const float *_Nullable weight, const float *scale, float *out,
                               float *_Nullable dw);

// Channels of contiguous [batch, channels, size].

/// The mean and the biased variance of each of the channels first ..< last.
void lk_channel_moments(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *a,
                        ptrdiff_t first, ptrdiff_t last, float *mean, float *variance);
/// sum[c] = sum of g, product[c] = sum of g * (a - mean[c]), for the channels first ..< last.
void lk_channel_products(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *g,
                         const float *a, const float *mean, ptrdiff_t first, ptrdiff_t last,
                         float *sum, float *product);
/// out = (a - mean[c]) * factor[c] + shift[c].
void lk_channel_affine(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *a,
                       const float *mean, const float *factor, const float *shift, float *out);
/// out = g * p[c] + (a - mean[c]) * q[c] + r[c].
void lk_channel_gradient(ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t size, const float *g,
                         const float *a, const float *mean, const float *p, const float *q,
                         const float *r, float *out);

// MARK: attention (attention.c)

// `lanes` queries, a multiple of 16, side by side for each key; query l sees the first `seen` + l
// keys. What the last query of 16 does not see may be
// anything, and becomes 0.

/// x = softmax(x * scale + mask) over the keys, in place; what is not seen becomes 0. largest[l] is
/// the largest x * scale + mask that query l sees, or 0, and share[l] what exponentials are multiplied
/// by: 1 / their sum, or 0 where the query sees nothing.
void lk_attention_softmax(ptrdiff_t keys, ptrdiff_t lanes, float *x, float scale,
                          const float *_Nullable mask, ptrdiff_t seen, float *largest,
                          float *share);
/// The same again, bit by bit, from these: x = exp(x * scale + mask - largest[l]) * share[l].
void lk_attention_probabilities(ptrdiff_t keys, ptrdiff_t lanes, float *x, float scale,
                                const float *_Nullable mask, ptrdiff_t seen,
                                const float *largest, const float *share);
/// g = scale * p * (g - sum over the keys of p * g), in place.
void lk_attention_gradient(ptrdiff_t keys, ptrdiff_t lanes, const float *p, float *g, float scale,
                           ptrdiff_t seen);

// MARK: dropout (dropout.c)

/// out[i] = a[i] * scale, or 0 where random word i is below `threshold`.
///
/// The words of 64 elements are those of 16 counter values of Philox: word (i / 16) % 4 of counter
/// + 16 * (i / 64) + i % 16.
void lk_dropout(ptrdiff_t n, float *out, const float *a, uint32_t threshold, float scale,
                uint64_t key, uint64_t stream, uint64_t counter);

// MARK: optimiser updates in one pass (update.c)

/// Whether no float of two bytes is infinite or NaN: `exponent` has the bits of its exponent.
bool lk_all_finite_narrow(ptrdiff_t n, const uint16_t *a, uint16_t exponent);
/// a *= factor; whether none was infinite or NaN before.
bool lk_scale_all_finite(ptrdiff_t n, float *a, float factor);

/// PyTorch's SGD: g += decay * p; m = momentum * m + (1 - dampening) * g; g = nesterov ? g +
/// momentum * m : m; p -= rate * g. With momentum 0, m is not touched and may be null. `first`: m =
/// g instead.
void lk_sgd_update(ptrdiff_t n, float *p, const float *g, float *_Nullable m, float rate, float momentum,
                   float dampening, float decay, bool nesterov, bool first);
/// Adam (decay added to the gradient) or AdamW (decoupled). scale1 = 1 / (1 - beta1^t); scale2 =
/// 1 / sqrt(1 - beta2^t); rest1 = 1 - beta1 and rest2 = 1 - beta2, which a float beta2 near 1 would
/// give with an error of 5e-5. With `top`, AMSGrad: its elements become the largest v so far, and
/// divide.
void lk_adam_update(ptrdiff_t n, float *p, const float *g, float *m, float *v, float *_Nullable top,
                    float rate, float rest1, float beta2, float rest2, float epsilon, float decay,
                    bool decoupled, float scale1, float scale2);
/// g += decay * p; sum += g^2; p -= rate * g / (sqrt(sum) + epsilon).
void lk_adagrad_update(ptrdiff_t n, float *p, const float *g, float *sum, float rate, float epsilon,
                       float decay);
/// g += decay * p; v = alpha * v + rest * g^2; x = g / (sqrt(v) + epsilon); with `mean`, whose
/// running mean is kept likewise, v less its square divides. With `m`, x = momentum * m + x and m =
/// x. p -= rate * x.
void lk_rmsprop_update(ptrdiff_t n, float *p, const float *g, float *v, float *_Nullable mean,
                       float *_Nullable m, float rate, float alpha, float rest, float epsilon,
                       float decay, float momentum);
/// p = (1 - rate * decay) * p - rate * sign(m + rest1 * (g - m)); m += rest2 * (g - m).
void lk_lion_update(ptrdiff_t n, float *p, const float *g, float *m, float rate, float rest1,
                    float rest2, float decay);
/// m = momentum * m + rate * (g + decay * p); p -= m.
void lk_lars_update(ptrdiff_t n, float *p, const float *g, float *m, float rate, float momentum,
                    float decay);
/// The elements whose squares LAMB adds up together.
enum { LK_LAMB_BLOCK = 4096 };
/// The first pass of LAMB: Adam's moments, and for every block the sums of squares of p and of u =
/// scale1 * m / (scale2 * sqrt(v) + epsilon) + decay * p, next to each other.
void lk_lamb_moments(ptrdiff_t n, const float *p, const float *g, float *m, float *v, float rest1,
                     float beta2, float rest2, float epsilon, float decay, float scale1,
                     float scale2, float *squares);
/// The second: p -= rate * u.
void lk_lamb_update(ptrdiff_t n, float *p, const float *m, const float *v, float rate,
                    float epsilon, float decay, float scale1, float scale2);

// MARK: sums over ranks (parts.c)

/// Elements start ..< start + n of every target become the sums of those of all `count` parts, added
/// in their order, at least one, and multiplied by `factor`. Targets may be parts.
void lk_sum_parts(ptrdiff_t n, ptrdiff_t start, float *_Nonnull const *_Nonnull parts, ptrdiff_t count,
                  float factor, float *_Nonnull const *_Nonnull targets, ptrdiff_t target_count);

// MARK: sums over rows (row_sums.c)

/// totals[c] += the sum over r of a[r * stride + c].
void lk_add_column_sums(ptrdiff_t rows, ptrdiff_t columns, const float *a, ptrdiff_t stride,
                        double *totals);
/// totals[i] += sums[i], and sums[i] = 0.
void lk_fold_sums(ptrdiff_t n, float *sums, double *totals);
/// out[index[k] * stride + c] += a[k * stride + c] for k in 0 ..< n in this order and c in 0 ..<
/// columns; leaves out the k whose index is `skipped`.
void lk_add_rows(ptrdiff_t n, ptrdiff_t columns, const float *a, const int64_t *index,
                 ptrdiff_t skipped, float *out, ptrdiff_t stride);
/// out[r * stride + c] += the sum of the rows of `a` that belong to r, for r in 0 ..< rows but
/// `skipped`: those of numbers order[starts[r]] ... order[starts[r + 1] - 1].
void lk_add_grouped_rows(ptrdiff_t rows, ptrdiff_t columns, const float *a, const uint32_t *starts,
                         const uint32_t *order, ptrdiff_t skipped, float *out, ptrdiff_t stride);

#pragma clang assume_nonnull end

#endif

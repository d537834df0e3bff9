// exp, log, tanh, erf and their kin as straight-line code that the compiler turns into vector code.
//
// Accuracy against the correctly rounded value is tested in KernelsTests. Logarithm: Cephes (S.
// Moshier), single precision; erf: the rational minimax approximation used by Eigen.
//
// By hand: the results of SLEEF and libmvec depend on the CPU; these are the same bits on all.
#ifndef LOCKSTEP_VECTOR_MATH_H
#define LOCKSTEP_VECTOR_MATH_H

#include "kernel.h"
#include <math.h>

/// 2^n for -126 <= n <= 127.
INLINE float power_of_two(int32_t n) { return from_bits((uint32_t)(n + 127) << 23); }

// Adding and subtracting this rounds to an integer and leaves that integer in the low bits.
#define ROUNDER 12582912.0f

// Polynomials by pairs of terms (Estrin): the chain of dependent operations, not their number,
// limits these functions.

/// e^r - 1 - r for |r| <= ln(2) / 2, to 5e-9 of e^r: fitted by weighted least squares.
INLINE float exp_tail(float r) {
  float r2 = r * r;
  float p32 = 8.3688516170e-3f * r + 4.1668400168e-2f;
  float p10 = 1.6666519642e-1f * r + 4.9999994040e-1f;
  return ((1.3814320555e-3f * r2 + p32) * r2 + p10) * r2;
}

INLINE float exp_f(float x) {
  // Beyond these the result is 0 or infinity anyway; NaN passes both comparisons.
  float c = x < -104.0f ? -104.0f : x;
  c = c > 89.0f ? 89.0f : c;
  float t = c * 1.44269504088896341f + ROUNDER;
  float n = t - ROUNDER;
  float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
  int32_t k = (int32_t)(to_bits(t) - to_bits(ROUNDER));
  int32_t half = k >> 1;  // in two factors, so that denormals and the overflow to infinity come out right
  return (exp_tail(r) + r + 1.0f) * power_of_two(half) * power_of_two(k - half);
}

/// e^x for x <= 88: a third fewer operations than `exp_f`. 0 where the result would be denormal.
INLINE float exp_nonpositive(float x) {
  float t = x * 1.44269504088896341f + ROUNDER;
  float n = t - ROUNDER;
  float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  // The shift leaves nothing of the rounder but n.
  float scale = from_bits((to_bits(t) << 23) + to_bits(1.0f));
  float y = (exp_tail(r) + r) * scale + scale;  // rounded once
  return x < -87.3365448f ? 0.0f : y;
}

INLINE float expm1_f(float x) {
  float near = exp_tail(x) + x;
  float far = exp_f(x) - 1.0f;
  return fabsf(x) < 0.34f ? near : far;
}

/// log(m) for x = m * 2^exponent with m in [sqrt(1/2), sqrt(2)): m - 1 in `high`, the rest is
/// returned.
INLINE float log_parts(float x, float *exponent, float *high) {
  float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;  // denormals
  float bias = x < 1.17549435e-38f ? 23.0f : 0.0f;
  uint32_t b = to_bits(scaled);
  uint32_t shifted = b - 0x3f3504f3u;
  *exponent = (float)((int32_t)shifted >> 23) - bias;
  float f = from_bits((shifted & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  float z = f * f;
  *high = f;
  return p * f * z - 0.5f * z;
}

/// `result`, which is right for finite x > 0, with the ends of the line put right.
INLINE float log_ends(float x, float result) {
  result = x == INFINITY ? INFINITY : result;
  result = x == 0.0f ? -INFINITY : result;
  return x >= 0.0f ? result : NAN;
}

INLINE float log_f(float x) {
  float e, high;
  float low = log_parts(x, &e, &high);
  return log_ends(x, high + (low + e * -2.12194440e-4f) + e * 0.693359375f);
}

/// Exact for powers of two.
INLINE float log2_f(float x) {
  float e, high;
  float low = log_parts(x, &e, &high);
  // log2(e) = 1 + 0.4426950…
  const float rest = 0.44269504088896341f;
  return log_ends(x, low * rest + high * rest + low + high + e);
}

INLINE float log1p_f(float x) {
  float u = 1.0f + x;
  float correction = (x - (u - 1.0f)) / u;
  float result = log_f(u) + (u > 0.0f && u < INFINITY ? correction : 0.0f);
  return fabsf(x) < 1e-4f ? x - 0.5f * x * x : result;
}

/// By m = exp(-2|x|) - 1 as -m / (2 + m), which keeps its precision near 0; and where that is above a
/// half as 1 - 2 (m + 1) / (2 + m), which rounds once only: 1 - tanh(x)^2 is what gradients need.
INLINE float tanh_f(float x) {
  float a = fabsf(x);
  float y = -2.0f * (a > 20.0f ? 20.0f : a);
  float t = y * 1.44269504088896341f + ROUNDER;
  float n = t - ROUNDER;
  float r = (y - n * 0.693359375f) - n * -2.12194440e-4f;
  float scale = from_bits((to_bits(t) << 23) + to_bits(1.0f));
  float tail = exp_tail(r) + r;
  float m = tail * scale + (scale - 1.0f), e = tail * scale + scale;
  float q = (a > 0.55f ? 2.0f * e : m) / (2.0f + m);
  return copysignf(a > 0.55f ? 1.0f - q : q, x);
}

/// By the exponential of -|x|, which cannot overflow.
INLINE float sigmoid_f(float x) {
  float e = exp_nonpositive(-fabsf(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/// Rounds to the nearest integer, halves to even.
INLINE float round_f(float x) { return __builtin_elementwise_roundeven(x); }

INLINE float floor_f(float x) { return __builtin_elementwise_floor(x); }

/// The remainder of x / y with the sign of y.
INLINE float floored_remainder(float x, float y) {
  const float r = fmodf(x, y);
  return r != 0.0f && (r < 0.0f) != (y < 0.0f) ? r + y : r;
}

/// x / y rounded down, so that x = quotient * y + floored_remainder(x, y): 1 / 0.1f is 9 with a
/// rest, though the rounded quotient is 10.
INLINE float floored_quotient(float x, float y) {
  if (y == 0.0f) return x / y;
  const float r = fmodf(x, y);
  float quotient = (x - r) / y;
  if (r != 0.0f && (r < 0.0f) != (y < 0.0f)) quotient -= 1.0f;
  if (quotient == 0.0f) return copysignf(0.0f, x / y);
  const float whole = floorf(quotient);
  return quotient - whole > 0.5f ? whole + 1.0f : whole;
}

INLINE float erf_f(float x) {
  float c = x > 4.0f ? 4.0f : x;
  c = c < -4.0f ? -4.0f : c;
  float z = c * c;
  float p = -2.72614225801306e-10f;
  p = p * z + 2.77068142495902e-8f;
  p = p * z - 2.10102402082508e-6f;
  p = p * z - 5.69250639462346e-5f;
  p = p * z - 7.34990630326855e-4f;
  p = p * z - 2.95459980854025e-3f;
  p = p * z - 1.60960333262415e-2f;
  float q = -1.45660718464996e-5f;
  q = q * z - 2.13374055278905e-4f;
  q = q * z - 1.68282697438203e-3f;
  q = q * z - 7.37332916720468e-3f;
  q = q * z - 1.42647390514189e-2f;
  return c * (p / q);  // c * p could be denormal
}

/// The density of the normal distribution at x, and in `below` its integral up to x.
///
/// The tail is density(x) * P(t) with t = 1 / (1 + 0.3 |x|), the form of Abramowitz and Stegun
/// 26.2.17; P is fitted to a relative error of 1.3e-7 for |x| < 13.
INLINE float normal_density(float x, float *below) {
  float t = 1.0f / (1.0f + 0.3f * fabsf(x));
  float t2 = t * t;
  float p87 = 3.593175455e-2f * t - 1.582760740e-1f;
  float p65 = 2.082067209e-1f * t - 5.539394224e-2f;
  float p43 = 1.294692458e-1f * t + 9.963748080e-2f;
  float p21 = 1.207983602e-1f * t + 1.196263896e-1f;
  float p = (p87 * t2 + p65) * (t2 * t2) + (p43 * t2 + p21);
  float e = exp_nonpositive(-0.5f * x * x);
  float tail = p * t * e;
  *below = x < 0.0f ? tail : 1.0f - tail;
  return 0.39894228040143268f * e;
}

#endif

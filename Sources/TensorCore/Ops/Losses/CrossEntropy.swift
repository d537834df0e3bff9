import CKernels
import Diagnostics
import Elements
import Kernels
import Parallel

/// The negative logarithm of the probability that softmax gives to the right class.
///
/// ```swift
/// let logits = model(images)               // [64, 10]: scores, no probabilities
/// let loss = crossEntropy(logits, labels)  // labels [64], each in 0 ..< 10; a scalar
/// ```
///
/// The mean is weighted: over the weights of the targets that are not ignored; NaN if there are
/// none. Where a gradient is wanted, exponentials are kept until then in as much memory as the logits
/// take, and become the gradient; of narrow floats the logits are kept.
///
/// - Parameters:
///   - logits: `[classes]`, `[samples, classes]` or `[samples, classes, …]`.
///   - targets: class indices of the same shape without the axis of classes, of an integer type; or the probabilities of the
///     classes, floats of the shape of `logits`. Stops where an index is outside 0 ..< classes.
///   - weight: what each class weighs, `[classes]`; gets no gradient.
///   - ignoreIndex: targets of this value cost nothing. Stops for another than -100 beside probabilities.
///   - labelSmoothing: the fraction, 0 ... 1, of each target that is spread evenly over the classes.
public func crossEntropy(
  _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
  labelSmoothing: Float = 0, reduction: LossReduction = .mean
) -> Tensor {
  let name: StaticString = "crossEntropy"
  if let cast = Autocast(name) {
    return cast.run {
      crossEntropy(
        cast(logits), cast(targets), weight: weight, ignoreIndex: ignoreIndex,
        labelSmoothing: labelSmoothing, reduction: reduction)
    }
  }
  logits.requireFloat(name)
  check(
    labelSmoothing >= 0 && labelSmoothing <= 1,
    "crossEntropy: label smoothing \(labelSmoothing) is not between 0 and 1")
  if targets.dtype.isFloatingPoint {
    check(
      ignoreIndex == noIgnoredIndex,
      """
      crossEntropy: ignoreIndex \(ignoreIndex) beside probabilities of classes, none of which is an \
      index; leave it out, or give class indices
      """)
    return crossEntropy(logits, probabilities: targets, weight, labelSmoothing, reduction)
  }
  let labels = ClassLabels(logits, targets, weight, ignoreIndex: ignoreIndex, name)
  let (samples, classes, weights) = (labels.count, labels.classes, labels.weights)
  let isLast = logits.axisCount <= 2
  // A row of classes for each sample and position.
  let rows = (isLast ? logits : logits.detached().movingAxisLast(1)).contiguousValues()
  let (normalizer, losses) = (Tensor(uninitialized: [samples]), Tensor(uninitialized: [samples]))
  // The exponentials become the gradient. Narrow floats would round them, and are kept themselves.
  let isKept = logits.isTracked && !rows.dtype.isNarrowFloat
  let exponentials = isKept ? Tensor(uninitialized: rows.shape) : nil
  parallelRows(samples, classes, [rows.rows(classes)]) { first, count, at in
    lk_cross_entropy_rows(
      count, classes, at[0], labels.pointer + first, weights?.pointer(), labelSmoothing,
      exponentials.map { $0.pointer() + first * classes }, normalizer.pointer() + first,
      losses.pointer() + first)
  }
  let divisor = reduction.divisor(losses: labels.totalWeight, batch: logits.sampleCount)
  let result = losses.total(dividedBy: divisor, shape: targets.shape).converted(to: logits.dtype)
  let loss = result.recorded(
    name,
    logits.edge {
      [take = exponentials.map { Overwritable($0).take } ?? Saved(rows).take] gradient in
      let (values, result) = take()
      let g = gradient.wideValues
      let list: InlineArray<2, RowOperand> = [values.rows(classes), result.rows(classes, .write)]
      parallelRows(samples, classes, list) { first, count, at in
        lk_cross_entropy_gradient_rows(
          count, classes, at[0], isKept, labels.pointer + first, weights?.pointer(),
          labelSmoothing, normalizer.pointer() + first,
          g.pointer() + (divisor == nil ? first : 0), divisor == nil ? 1 : 0,
          factorOfMean(divisor ?? 1), at[1])
      }
      return isLast ? result : result.movingLastAxis(to: 1)
    })
  return reduction.mark(
    loss, samples, divisor: labels.totalWeight, batch: logits.sampleCount)
}

/// The `ignoreIndex` of one who wants none.
private let noIgnoredIndex = -100

/// Cross-entropy with the probabilities of the classes.
private func crossEntropy(
  _ logits: Tensor, probabilities: Tensor, _ weight: Tensor?, _ labelSmoothing: Float,
  _ reduction: LossReduction
) -> Tensor {
  check(
    logits.axisCount >= 1 && logits.shape == probabilities.shape,
    """
    crossEntropy: logits \(logits.shape) and targets \(probabilities.shape) of type \
    \(probabilities.dtype): probabilities of classes have the shape of the logits, and class \
    indices are integers
    """)
  let classes = logits.shape[logits.classAxis]
  requirePerClass("crossEntropy", weight, classes)
  var expected = probabilities.wide
  if labelSmoothing > 0 {
    expected = expected * (1 - labelSmoothing) + labelSmoothing / Float(classes)
  }
  if let weight {
    var shape = Shape(repeating: 1, count: logits.axisCount)
    shape[logits.classAxis] = classes
    expected = expected * weight.detached().reshaped(shape)
  }
  let axis = logits.classAxis
  let losses = -(logSoftmax(logits, axis: axis, to: .float32) * expected).sum(axis: axis)
  return losses.reduced(by: reduction).converted(to: logits.dtype)
}

/// The negative of the logarithm of the probability of the right class, which `input` holds for
/// every class: `crossEntropy` without its softmax.
///
/// Shapes, targets, weight and mean are those of `crossEntropy` with class indices.
public func nllLoss(
  _ input: Tensor, _ targets: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100,
  reduction: LossReduction = .mean
) -> Tensor {
  if let cast = Autocast("nllLoss") {
    return cast.run {
      nllLoss(
        cast(input), targets, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
    }
  }
  input.requireFloat("nllLoss")
  let labels = ClassLabels(input, targets, weight, ignoreIndex: ignoreIndex, "nllLoss")
  let values = input.contiguousValues()
  let positions = input.axisCount <= 2 ? 1 : input.shape[2...].reduce(1, *)
  let chosen = Tensor(uninitialized: [labels.count], input.dtype)
  labels.forEach(positions) { index, place, _ in
    chosen.address(index).copyMemory(from: values.address(place), byteCount: input.dtype.size)
  }
  let losses = chosen.converted(to: .float32)
  let target = losses.pointer(Float.self)
  // An ignored one may be infinite, and costs nothing.
  labels.forEach(positions) { index, _, weight in
    target[index] = weight == 0 ? 0 : -weight * target[index]
  }
  let divisor = reduction.divisor(losses: labels.totalWeight, batch: input.sampleCount)
  let result = losses.total(dividedBy: divisor, shape: targets.shape).converted(to: input.dtype)
  let loss = result.recorded(
    "nllLoss",
    input.edge { [shape = input.shape, dtype = input.dtype] gradient in
      let g = gradient.wideValues
      let shares = Tensor(uninitialized: [labels.count])
      let target = shares.pointer(Float.self)
      let factor = factorOfMean(divisor ?? 1)
      labels.forEach(positions) { index, _, weight in
        target[index] = -weight * factor * g.pointer()[divisor == nil ? index : 0]
      }
      let (result, rounded) = (Tensor.zeros(shape, dtype), shares.converted(to: dtype))
      labels.forEach(positions) { index, place, weight in
        guard weight != 0 else { return }
        result.address(place).copyMemory(from: rounded.address(index), byteCount: dtype.size)
      }
      return result
    })
  return reduction.mark(
    loss, labels.count, divisor: labels.totalWeight, batch: input.sampleCount)
}

/// The targets of a loss over classes, checked.
private struct ClassLabels {
  let classes: Int
  let count: Int
  /// What the classes weigh.
  let weights: Tensor?
  /// The weights of all targets that count, or their number: a float would stop counting at 2^24.
  let totalWeight: Double
  private let labels: Tensor
  /// The class of each target, -1 where it is ignored.
  let pointer: UnsafeMutablePointer<Int32>

  init(
    _ input: Tensor, _ targets: Tensor, _ weight: Tensor?, ignoreIndex: Int, _ name: StaticString
  ) {
    var expected = input.shape
    if input.axisCount > 0 { expected.remove(at: input.classAxis) }
    check(
      input.axisCount > 0 && targets.shape == expected,
      """
      \(name): input \(input.shape) and targets \(targets.shape): expected [samples, classes] and \
      [samples], or [classes] and [], or [samples, classes, …] and [samples, …]
      """)
    check(
      !targets.dtype.isFloatingPoint,
      "\(name): targets of type \(targets.dtype); expected class indices (int32 or int64)")
    classes = input.shape[input.classAxis]
    requirePerClass(name, weight, classes)
    weights = weight?.detached().converted(to: .float32).contiguousValues()
    count = targets.count
    labels = Tensor(uninitialized: [count], .int32)
    pointer = labels.pointer()
    let values = targets.detached().converted(to: .int64).contiguousValues()
    let source = values.pointer(Int64.self)
    let perClass = weights?.pointer(Float.self)
    var (counted, weight) = (0, 0.0)
    for index in 0..<count {
      let target = source[index]
      if target == Int64(ignoreIndex) {
        pointer[index] = -1
        continue
      }
      check(
        target >= 0 && target < Int64(classes),
        "\(name): target \(target) at index \(index) is outside 0 ..< \(classes)")
      pointer[index] = Int32(truncatingIfNeeded: target)
      counted += 1
      if let perClass { weight += Double(perClass[Int(target)]) }
    }
    totalWeight = perClass == nil ? Double(counted) : weight
    withExtendedLifetime(values) {}
  }

  /// Calls `body` for every target with its index, the place of its class in an input with
  /// `positions` positions per sample, and its weight: 0 where it is ignored.
  func forEach(_ positions: Int, _ body: (_ index: Int, _ place: Int, _ weight: Float) -> Void) {
    let perClass = weights?.pointer(Float.self)
    for index in 0..<count {
      let label = Int(pointer[index])
      let sample = index / positions
      let place = (sample * classes + max(0, label)) * positions + index % positions
      body(index, place, label < 0 ? 0 : perClass?[label] ?? 1)
    }
  }
}

private func requirePerClass(_ name: StaticString, _ weight: Tensor?, _ classes: Int) {
  check(
    weight.map { $0.shape == [classes] } ?? true,
    "\(name): weight \(weight?.shape ?? []) for \(classes) classes")
}

extension Tensor {
  /// The axis of the classes in logits.
  fileprivate var classAxis: Int { axisCount == 1 ? 0 : 1 }

  /// The samples in logits.
  fileprivate var sampleCount: Int { axisCount == 1 ? 1 : shape[0] }

  /// The sum of these losses divided by `divisor`, or nil: the losses as they are, as `shape`.
  fileprivate func total(dividedBy divisor: Double?, shape: Shape) -> Tensor {
    guard let divisor else { return arranged(as: shape) }
    return Tensor(Float(lk_sum(count, pointer(Float.self)) / divisor))
  }

  /// A view with the last axis at position `axis`.
  fileprivate func movingLastAxis(to axis: Int) -> Tensor {
    var order = Array(0..<axisCount)
    order.insert(order.removeLast(), at: axis)
    return permuted(order)
  }
}

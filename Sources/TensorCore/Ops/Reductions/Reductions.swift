import CKernels
import Diagnostics
import Elements
import Kernels

// Reduced axes vanish, or keep size 1 with `keepingAxes`. An empty list of axes reduces nothing.
// Narrow floats are reduced in float32 and rounded once.

extension Tensor {
  /// The sum of all elements, a scalar; 0 if there are none. Integers and booleans give int64.
  public func sum() -> Tensor { total(axes(nil, "sum")) }

  /// The sum along `axis`, which vanishes or keeps size 1. Integers and booleans give int64.
  public func sum(axis: Int, keepingAxes: Bool = false) -> Tensor {
    total(axes([axis], "sum", keeping: keepingAxes))
  }

  /// The sum along `axes`, which vanish or keep size 1. Integers and booleans give int64.
  public func sum(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    total(self.axes(axes, "sum", keeping: keepingAxes))
  }

  /// The mean of all elements, a scalar; NaN if there are none. Stops for integers.
  public func mean() -> Tensor { average(axes(nil, "mean")) }

  /// The mean along `axis`, which vanishes or keeps size 1. Stops for integers.
  public func mean(axis: Int, keepingAxes: Bool = false) -> Tensor {
    average(axes([axis], "mean", keeping: keepingAxes))
  }

  /// The mean along `axes`, which vanish or keep size 1. Stops for integers.
  public func mean(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    average(self.axes(axes, "mean", keeping: keepingAxes))
  }

  /// The product of all elements, a scalar; 1 if there are none. Integers and booleans give int64.
  public func prod() -> Tensor { product(axes(nil, "prod")) }

  /// The product along `axis`, which vanishes or keeps size 1. Integers and booleans give int64.
  public func prod(axis: Int, keepingAxes: Bool = false) -> Tensor {
    product(axes([axis], "prod", keeping: keepingAxes))
  }

  /// The product along `axes`, which vanish or keep size 1. Integers and booleans give int64. Its
  /// gradient is right where elements are 0, too.
  public func prod(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    product(self.axes(axes, "prod", keeping: keepingAxes))
  }

  /// Whether all elements are true (not 0), a Boolean scalar; true if there are none.
  public func all() -> Tensor { truth(axes(nil, "all"), .all) }

  /// Whether all elements along `axis`, which vanishes or keeps size 1, are true.
  public func all(axis: Int, keepingAxes: Bool = false) -> Tensor {
    truth(axes([axis], "all", keeping: keepingAxes), .all)
  }

  /// Whether all elements along `axes` are true (not 0; a NaN is true). Of uint8 the answers are
  /// 0 or 1 of uint8, as in PyTorch.
  public func all(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    truth(self.axes(axes, "all", keeping: keepingAxes), .all)
  }

  /// Whether any element is true (not 0), a Boolean scalar; false if there are none.
  public func any() -> Tensor { truth(axes(nil, "any"), .any) }

  /// Whether any element along `axis`, which vanishes or keeps size 1, is true.
  public func any(axis: Int, keepingAxes: Bool = false) -> Tensor {
    truth(axes([axis], "any", keeping: keepingAxes), .any)
  }

  /// Whether any element along `axes` is true (not 0; a NaN is true). Of uint8 the answers are 0 or
  /// 1 of uint8, as in PyTorch.
  public func any(axes: [Int], keepingAxes: Bool = false) -> Tensor {
    truth(self.axes(axes, "any", keeping: keepingAxes), .any)
  }

  /// Sums `self`, a gradient, back to `target`, which broadcasts to this shape. A fresh tensor.
  package func summed(to target: Shape) -> Tensor {
    folded(ReducedAxes(from: shape, backTo: target), .sum, then: Reduction<Float>.sum)
      .converted(to: dtype).arranged(as: target)
  }

  func axes(
    _ axes: [Int]?, _ operation: StaticString, keeping: Bool = false
  ) -> ReducedAxes {
    ReducedAxes(axes, of: shape, keeping: keeping, operation)
  }

  // MARK: - Machinery

  private func total(_ axes: ReducedAxes) -> Tensor {
    if let cast = Autocast("sum") { return cast.run { cast(self).total(axes) } }
    guard dtype.isFloatingPoint else {
      return converted(to: .int64).folded(axes, .sum, then: Reduction<Int64>.sum)
    }
    return folded(axes, .sum, then: Reduction<Float>.sum).converted(to: dtype)
      .recorded("sum", edge { axes.spread($0) })
  }

  private func average(_ axes: ReducedAxes) -> Tensor {
    requireFloat("mean")
    let count = Double(axes.count)
    let sums = folded(axes, .sum, then: Reduction<Float>.sum)
    let values = sums.pointer(Float.self)
    for index in 0..<sums.count { values[index] = Float(Double(values[index]) / count) }
    return sums.converted(to: dtype).recorded("mean", edge { axes.spread($0 / Float(count)) })
  }

  private func product(_ axes: ReducedAxes) -> Tensor {
    if let cast = Autocast("prod") { return cast.run { cast(self).product(axes) } }
    guard dtype.isFloatingPoint else {
      return converted(to: .int64).folded(axes, .product, then: Reduction<Int64>.product)
    }
    return folded(axes, .product, then: Reduction<Float>.product).converted(to: dtype).recorded(
      "prod",
      stepwiseEdge { [x = Saved(self)] gradient in
        let order = axes.reducedLast
        let rows = x.value.permuted(order).contiguousValues()
        let gradient = gradient.contiguousValues()
        let result = Tensor(uninitialized: rows.shape, rows.dtype)
        productGradient(
          rows: axes.kept.elementCount, gradient: gradient.pointer(), rows.rows(axes.count),
          hasZeros: (rows .== 0).any().item() != 0, into: result.rows(axes.count, .write))
        var inverse = order
        for (position, axis) in order.enumerated() { inverse[axis] = position }
        return result.permuted(inverse)
      })
  }

  private func truth(_ axes: ReducedAxes, _ kernel: Reduction<UInt8>) -> Tensor {
    let values = dtype == .bool ? self : map(lk_truth, to: .bool)
    let result = values.folded(axes, kernel, then: kernel)
    return dtype == .uint8 ? result.converted(to: .uint8) : result
  }
}

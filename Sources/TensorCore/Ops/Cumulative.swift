import Kernels

extension Tensor {
  /// The sums of the elements up to and with each one along `axis`; float32 is added up in double.
  /// Integers and booleans give int64.
  public func cumsum(axis: Int) -> Tensor {
    if let cast = Autocast("cumsum") { return cast.run { cast(self).cumsum(axis: axis) } }
    let axes = axes([axis], "cumsum", keeping: true)
    guard dtype.isFloatingPoint else {
      let values = converted(to: .int64).contiguousValues()
      let result = Tensor(uninitialized: shape, .int64)
      cumulativeSum(axes.run, values.pointer(Int64.self), result.pointer(Int64.self))
      return result
    }
    return inFloat32 { x in
      x.cumulated(axes, reversed: false).recorded(
        "cumsum", x.edge { $0.cumulated(axes, reversed: true) })
    }
  }

  private func cumulated(_ axes: ReducedAxes, reversed: Bool) -> Tensor {
    let values = contiguousValues()
    let result = Tensor(uninitialized: shape)
    cumulativeSum(
      axes.run, values.pointer(Float.self), result.pointer(Float.self), reversed: reversed)
    return result
  }
}

import Elements
import Kernels

extension Tensor {
  /// The sums of the elements up to and with each one along `axis`, in the same shape; floats are
  /// added up in double. Integers and booleans give int64.
  public func cumsum(axis: Int) -> Tensor {
    if let cast = Autocast("cumsum") { return cast.run { cast(self).cumsum(axis: axis) } }
    let axes = axes([axis], "cumsum", keeping: true)
    guard dtype.isFloatingPoint else {
      let values = converted(to: .int64).contiguousValues()
      let result = Tensor(uninitialized: shape, .int64)
      cumulativeSum(axes.run, values.pointer(Int64.self), result.pointer(Int64.self))
      return result
    }
    return cumulated(axes, reversed: false).recorded(
      "cumsum", edge { $0.cumulated(axes, reversed: true) })
  }

  private func cumulated(_ axes: ReducedAxes, reversed: Bool) -> Tensor {
    let values = contiguousValues()
    let result = Tensor(uninitialized: shape, dtype)
    let run = axes.run
    cumulativeSum(
      run, values.rows(run.inner), into: result.rows(run.inner, .write), reversed: reversed)
    return result
  }
}

import Communication
import Diagnostics
import Elements

extension DType {
  /// The Swift type of these floats, which ranks can reduce; stops for other types.
  fileprivate var reducible: any Reducible.Type {
    guard isFloatingPoint, let type = elementType as? any Reducible.Type else {
      stop("a sum over ranks of a tensor of \(self)")
    }
    return type
  }
}

extension Communicator {
  /// Replaces the floats of type `dtype` in `memory` by their sums over all ranks; collective.
  func sum(_ dtype: DType, in memory: UnsafeMutableRawBufferPointer) {
    func sum<Element: Reducible>(_: Element.Type) {
      allReduce(memory.assumingMemoryBound(to: Element.self), .sum)
    }
    sum(dtype.reducible)
  }

  /// The same over one rank of each host, of a slice of `count` floats; see
  /// `allReduceAcrossHosts(_:of:)`.
  func sumAcrossHosts(_ dtype: DType, in memory: UnsafeMutableRawBufferPointer, of count: Int) {
    func sum<Element: Reducible>(_: Element.Type) {
      allReduceAcrossHosts(memory.assumingMemoryBound(to: Element.self), of: count)
    }
    sum(dtype.reducible)
  }
}

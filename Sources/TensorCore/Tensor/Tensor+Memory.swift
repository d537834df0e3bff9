import Diagnostics
package import Elements
package import Elements
import Parallel
import Parallel

// A tensor's elements in memory, for code outside the graph. Who writes there says so
// (`storage.markWritten`).

extension Tensor {
  /// The first element, as `Element`, which must match `dtype`.
  package func pointer<Element: TensorElement>(
    _: Element.Type = Element.self
  ) -> UnsafeMutablePointer<Element> {
    check(Element.dtype == dtype, "a kernel for \(Element.dtype) got a tensor of \(dtype)")
    return storage.pointer.assumingMemoryBound(to: Element.self) + offset
  }

  /// Element `index` of a contiguous tensor, of whatever type; as the first one, of any tensor.
  package func address(_ index: Int = 0) -> UnsafeMutableRawPointer {
    storage.pointer + (offset + index) * dtype.size
  }

  /// All elements of a contiguous tensor.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: address(), count: count * dtype.size)
  }

  /// The first element, seen as a `Word` of the same size.
  package func base<Word: BitwiseCopyable>(of _: Word.Type) -> UnsafeMutablePointer<Word> {
    storage.pointer.assumingMemoryBound(to: Word.self) + offset
  }

  /// The elements from `start` on, `stride` apart.
  package func view(from start: Int = 0, _ stride: Int = 1) -> ElementView {
    ElementView(address(start), dtype, columnStride: stride)
  }

  /// Overwrites all elements with 0, in place and outside the graph.
  func clear() {
    storage.markWritten(by: "clear")
    guard isContiguous else { return assign(elementsOf: Tensor(Float(0))) }
    let bytes = bytes
    parallelRanges(bytes.count, grain: 1 << 17) {
      bytes[$0].initializeMemory(as: UInt8.self, repeating: 0)
    }
  }
}

import Kernels
import Testing

/// What is decided about types of elements in one place agrees with itself.
@Suite struct FloatElementTests {
  private func size<Element: FloatElement>(_: Element.Type) -> (dtype: DType, size: Int) {
    (Element.dtype, MemoryLayout<Element>.stride)
  }

  @Test(arguments: DType.allCases)
  func swiftTypeIsTheStoredOne(_ dtype: DType) {
    #expect(dtype.word.rawValue == dtype.size)
    guard dtype.isFloatingPoint else { return }
    let element = size(dtype.floatElement)
    #expect(element.dtype == dtype && element.size == dtype.size)
  }

  /// Masters follow parameters that somebody else has changed, signs of zeros and NaN included, and
  /// keep what the type of the parameters cannot hold.
  @Test(arguments: [DType.float16, .float32])
  func mastersFollowTheirParameters(_ dtype: DType) {
    let count = 3000
    var masters = (0..<count).map { 1 + Float($0) / 4096 }
    let kept = masters
    let narrow = UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64)
    defer { narrow.deallocate() }
    roundMasters(count: count, masters, into: narrow, dtype)
    refreshMasters(count: count, &masters, of: narrow, dtype)
    #expect(masters == kept)
    func store<Element: FloatElement>(_: Element.Type, _ value: Element, at index: Int) {
      narrow.assumingMemoryBound(to: Element.self)[index] = value
    }
    func change<Element: FloatElement>(_ type: Element.Type) {
      store(type, 0.5, at: 7)
      store(type, .nan, at: 1024)
      store(type, -.zero, at: 2999)
    }
    change(dtype.floatElement)
    refreshMasters(count: count, &masters, of: narrow, dtype)
    #expect(masters[7] == 0.5 && masters[1024].isNaN && masters[2999].sign == .minus)
    for index in masters.indices where ![7, 1024, 2999].contains(index) {
      #expect(masters[index] == kept[index])
    }
    #expect(!areFinite(count: count, narrow, dtype))
    #expect(areFinite(count: 1024, narrow, dtype))
  }

  @Test(arguments: [DType.float16, .float32])
  func gradientsAreWidened(_ dtype: DType) {
    let values = (0..<3000).map { Float($0 % 50) / 8 }
    let narrow = UnsafeMutableRawPointer.allocate(byteCount: 4 * values.count, alignment: 64)
    defer { narrow.deallocate() }
    roundMasters(count: values.count, values, into: narrow, dtype)
    var wide = [Float](repeating: .nan, count: values.count)
    widenGradients(count: values.count, narrow, dtype, times: 0.5, into: &wide)
    #expect(wide == values.map { $0 / 2 })
  }
}

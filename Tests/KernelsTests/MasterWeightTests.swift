import Elements
import Kernels
import TensorCore
import Testing

/// What lies between masters and parameters of every type of floats.
@Suite struct MasterWeightTests {
  @Test(arguments: DType.allCases)
  func wordHasTheSizeOfAnElement(_ dtype: DType) { #expect(dtype.word.rawValue == dtype.size) }

  /// Masters follow parameters that somebody else has changed, signs of zeros and NaN included, and
  /// keep what the type of the parameters cannot hold.
  @Test(arguments: DType.allCases.filter(\.isFloatingPoint))
  func mastersFollowTheirParameters(_ dtype: DType) {
    let count = 3000
    var masters = (0..<count).map { 1 + Float($0) / 4096 }
    let kept = masters
    let narrow = Tensor.zeros([count], dtype)
    roundMasters(count: count, masters, into: narrow.address(), dtype)
    refreshMasters(count: count, &masters, of: narrow.address(), dtype)
    #expect(masters == kept)
    #expect(areFinite(count: count, narrow.address(), dtype))
    narrow[7].fill(0.5)
    narrow[1024].fill(.nan)
    narrow[2999].fill(-0.0)
    refreshMasters(count: count, &masters, of: narrow.address(), dtype)
    #expect(masters[7] == 0.5 && masters[1024].isNaN && masters[2999].sign == .minus)
    for index in masters.indices where ![7, 1024, 2999].contains(index) {
      #expect(masters[index] == kept[index])
    }
    #expect(!areFinite(count: count, narrow.address(), dtype))
    #expect(areFinite(count: 1024, narrow.address(), dtype))
  }

  @Test(arguments: DType.allCases.filter(\.isFloatingPoint))
  func gradientsAreWidened(_ dtype: DType) {
    let values = (0..<3000).map { Float($0 % 50) / 8 }
    let narrow = Tensor(values).converted(to: dtype)
    var wide = [Float](repeating: .nan, count: values.count)
    widenGradients(count: values.count, narrow.address(), dtype, times: 0.5, into: &wide)
    #expect(wide == values.map { $0 / 2 })
  }
}

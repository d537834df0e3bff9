import CKernels
@_spi(Internal) import Runtime

/// Where in the user's program an operation was called: kept as return addresses, which costs
/// nanoseconds, and turned into a file and line only for a message.
package struct CallSite {
  private var addresses: InlineArray<10, UInt>

  /// The callers of the operation that calls this.
  @inline(never)
  package static func capture() -> CallSite {
    var site = CallSite(addresses: InlineArray(repeating: 0))
    withUnsafeMutablePointer(to: &site.addresses) { pointer in
      pointer.withMemoryRebound(to: UInt.self, capacity: 10) { lk_callers(10, $0) }
    }
    return site
  }

  /// `File.swift:12`: the innermost caller that is not part of the library; "an unknown line"
  /// without debug information.
  package var line: String {
    var frames: [RichFrame<UInt64>] = []
    for index in 0..<10 where addresses[index] != 0 {
      frames.append(.returnAddress(UInt64(addresses[index])))
    }
    let trace = Backtrace(
      architecture: "x86_64", frames: frames, images: ImageMap.capture())
    for frame in trace.symbolicated()?.frames ?? [] {
      guard let location = frame.symbol?.sourceLocation, location.line > 0,
        !Self.folders.contains(where: location.path.contains)
      else { continue }
      let file = location.path.split(separator: "/").last ?? ""
      return "\(file):\(location.line)"
    }
    return "an unknown line"
  }

  /// Where the library's own functions are.
  private static let folders = ["TensorCore", "NeuralNet", "Optimizers", "DataParallel"]
    .map { "/Sources/\($0)/" }
}

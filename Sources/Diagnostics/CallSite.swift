import CRuntime
@_spi(Internal) import Runtime

/// Where in the user's program an operation was called: kept as return addresses, which costs
/// nanoseconds, and turned into a file and line only for a message.
package struct CallSite: BitwiseCopyable {
  /// How many callers are kept.
  package static let depth = 10

  private var addresses: InlineArray<10, UInt>

  /// The site with these return addresses, innermost first; 0 beyond the outermost.
  package init(addresses: InlineArray<10, UInt>) { self.addresses = addresses }

  /// No site.
  package init() { addresses = InlineArray(repeating: 0) }

  /// The callers of the operation that calls this.
  @inline(never)
  package static func capture() -> CallSite {
    var site = CallSite()
    capture(into: &site)
    return site
  }

  /// Writes the callers of the operation that calls this to `site`.
  @inline(__always)
  package static func capture(into site: UnsafeMutablePointer<CallSite>) {
    site.withMemoryRebound(to: UInt.self, capacity: depth) { lk_callers(Int32(depth), $0) }
  }

  /// Where this process has the program in its memory: two processes that run the same program have
  /// its functions at the same distance from their origins.
  package static var origin: UInt {
    let function: @convention(c) (Int32, UnsafeMutablePointer<UInt>) -> Void = lk_callers
    return UInt(bitPattern: unsafeBitCast(function, to: Int.self))
  }

  /// This site as seen by a process whose origin is `distance` further up.
  package func moved(by distance: UInt) -> CallSite {
    var moved = self
    for index in 0..<Self.depth where addresses[index] != 0 {
      moved.addresses[index] = addresses[index] &+ distance
    }
    return moved
  }

  /// `File.swift:12`: the innermost caller that is not part of the library; "an unknown line"
  /// without debug information.
  package var line: String { Self.lines(of: [self])[0] }

  /// The line of the user's program that called what calls this, however deep in the library that
  /// is; nil without debug information.
  @inline(never)
  static func userLine() -> String? {
    let depth = 100
    let callers = [UInt](unsafeUninitializedCapacity: depth) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      lk_callers(Int32(depth), start)
      count = buffer[..<depth].prefix { $0 != 0 }.count
    }
    let lines = lines(of: callers)
    return callers.lazy.compactMap { lines[$0] }.first
  }

  /// The line of each of `sites`; several together take little longer than one: some tenths of a
  /// second, most of which is reading the program's debug information.
  package static func lines(of sites: [CallSite]) -> [String] {
    let lines = lines(of: sites.flatMap(\.callers))
    return sites.map { $0.callers.lazy.compactMap { lines[$0] }.first ?? "an unknown line" }
  }

  /// The lines of those of the return addresses that lie in the user's program.
  private static func lines(of addresses: [UInt]) -> [UInt: String] {
    var frames: [RichFrame<UInt64>] = []
    var seen: Set<UInt> = []
    for address in addresses where seen.insert(address).inserted {
      frames.append(.returnAddress(UInt64(address)))
    }
    let trace = Backtrace(architecture: "x86_64", frames: frames, images: ImageMap.capture())
    // A caller has several frames where functions were inlined, innermost first.
    var lines: [UInt: String] = [:]
    for frame in trace.symbolicated()?.frames ?? [] {
      guard let address = UInt(frame.captured.originalProgramCounter), lines[address] == nil,
        let location = frame.symbol?.sourceLocation, location.line > 0
      else { continue }
      let path = "/" + location.path  // which may be relative to the package
      let isOfLibrary = folders.contains(where: path.contains)
      guard !isOfLibrary, !location.path.hasPrefix("<") else { continue }  // compiler-generated
      lines[address] = "\(location.path.split(separator: "/").last ?? ""):\(location.line)"
    }
    return lines
  }

  /// The return addresses, innermost first.
  private var callers: [UInt] { (0..<Self.depth).map { addresses[$0] }.filter { $0 != 0 } }

  /// Where the library's own functions are.
  private static let folders = [
    "Diagnostics", "Support", "Parallel", "Elements", "Kernels", "Steps", "Communication",
    "TensorCore", "NeuralNet", "Optimizers",
    "DataLoading", "Checkpoints", "DataParallel", "Runs",
  ].map { "/Sources/\($0)/" }
}

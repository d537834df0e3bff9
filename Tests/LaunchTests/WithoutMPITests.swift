import Foundation
import TestSupport
import Testing

/// The package without its trait `MPI`, as on a machine that has no MPI.
///
/// To build all of it once more would take minutes. All that knows MPI is in one module, but for a few
/// files that say so: that module is built.
@Suite(.serialized) struct WithoutMPITests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  /// Neither `pkg-config` nor the compiler finds MPI here.
  @Test func communicationNeedsNoMPI() throws {
    let build = try run(
      [
        "/usr/bin/env", "swift", "build", "--disable-default-traits", "--target", "Communication",
        "--package-path", Scripts.repository, "--scratch-path", directory.path,
      ],
      environment: ["PKG_CONFIG_LIBDIR": "/nowhere", "PKG_CONFIG_PATH": "/nowhere"], limit: 1500)
    #expect(build.status == 0, "\(build.output) \(build.errors)")
    #expect(!build.output.contains("CMPI") && !"\(build.errors)".contains("ompi-c"))
  }

  /// Every other source that names what is not there without MPI has `#if MPI` around it.
  @Test func allElseAsksForTheTrait() throws {
    let manager = FileManager.default
    var sources: [String] = []
    for folder in ["Sources", "Tests/MPIChecks"] {
      let files = manager.subpaths(atPath: Scripts.repository + "/" + folder) ?? []
      sources += files.filter { $0.hasSuffix(".swift") }.map { folder + "/" + $0 }
    }
    let names = /CMPI|cmpi_|MPICommunicator|PretendedHosts/
    var asking = 0
    for source in sources {
      let text = try String(contentsOfFile: Scripts.repository + "/" + source, encoding: .utf8)
      var isInside = false
      for line in text.split(separator: "\n") {
        let line = line.drop { $0 == " " }
        if line.hasPrefix("#") { isInside = line == "#if MPI" }
        if line == "#if MPI" { asking += 1 }
        guard !isInside, !line.hasPrefix("//"), line.contains(names) else { continue }
        Issue.record("\(source) has no #if MPI around: \(line)")
      }
    }
    #expect(asking > 10)
  }
}

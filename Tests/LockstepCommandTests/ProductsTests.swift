import Foundation
import TestSupport
import Testing

/// `--products` and `LOCKSTEP_PRODUCTS`: who computes matrix products.
@Suite(.serialized) struct ProductsTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private struct Record: Decodable {
    let program: [String: String]
  }

  /// Who computed the products of a run of three steps, by its run.json, and its weights.
  private func train(
    _ options: String, _ run: String, environment: [String: String?] = ["LOCKSTEP_PRODUCTS": nil]
  ) throws -> (products: String?, weights: [UInt8]) {
    try succeeded(
      try lockstep(
        "train --steps 3 --quiet --run-dir \(run) \(options)", in: directory,
        environment: environment))
    let record: Record = try json(
      String(decoding: try directory.read(run + "/run.json"), as: UTF8.self))
    return (record.program["products"], try directory.read(run + "/model.safetensors"))
  }

  @Test func theOptionWinsOverTheEnvironment() throws {
    let own = try train("", "own")
    let blas = try train("--products openblas", "blas")
    #expect(own.products == "own" && blas.products == "openblas")
    #expect(own.weights != blas.weights)
    let environment: [String: String?] = ["LOCKSTEP_PRODUCTS": "openblas"]
    #expect(try train("", "variable", environment: environment) == blas)
    #expect(try train("--products own", "option", environment: environment) == own)
  }

  @Test func reproducibleTrainingTakesOurs() throws {
    let options = "--reproducible --micro-batches 2"
    let plain = try train(options, "plain")
    #expect(plain.products == "own")
    #expect(try train("\(options) --products openblas", "asked") == plain)
  }

  @Test func mistakesAreNamed() throws {
    expectFailure(
      try lockstep("train --products mkl", in: directory), 64, "The value 'mkl' is invalid")
    expectFailure(
      try lockstep(
        "train --steps 1 --quiet --run-dir run", in: directory,
        environment: ["LOCKSTEP_PRODUCTS": "mkl"]),
      78, "LOCKSTEP_PRODUCTS is 'mkl'; it must be one of own, openblas, auto")
  }
}

/// Who computes products where a command does not say it: tests may be run with the variable set.
let usualProducts = ProcessInfo.processInfo.environment["LOCKSTEP_PRODUCTS"] ?? "own"

import DSLBase
import Testing

@testable import ClusterSim

@Suite struct ConfigurationTests {
  @Test func presetsAreValidAndDiffer() throws {
    for preset in ClusterConfiguration.Preset.allCases {
      try ClusterConfiguration(preset).validate()
      try ClusterConfiguration(preset, height: 64, width: 64).validate()
      try ClusterConfiguration(preset, height: 1, width: 1).validate()
    }
    #expect(Set(ClusterConfiguration.Preset.allCases.map { ClusterConfiguration($0).digest }).count == 3)
  }

  /// NaN, infinities and what lies outside are refused, by the name of the field.
  @Test func everyFieldIsChecked() {
    for field in ConfigurationField.all {
      switch field.place {
      case .real(let path, let range):
        for wrong in [Double.nan, .infinity, -.infinity, range.lowerBound - 0.001, range.upperBound + 0.001] {
          var configuration = ClusterConfiguration()
          configuration[keyPath: path] = wrong
          #expect { try configuration.validate() } throws: { "\($0)".hasPrefix("\(field.name) is ") }
        }
      case .whole(let path, let range):
        for wrong in [range.lowerBound - 1, range.upperBound + 1, .max] {
          var configuration = ClusterConfiguration()
          configuration[keyPath: path] = wrong
          #expect { try configuration.validate() } throws: { "\($0)".hasPrefix("\(field.name) is ") }
        }
      }
    }
  }

  @Test func fieldsThatNeedEachOtherAreCompared() {
    var configuration = ClusterConfiguration()
    configuration.baseLow = 0.9
    #expect { try configuration.validate() } throws: { "\($0)".contains("base_low is 0.9, above base_high") }
    configuration = ClusterConfiguration()
    configuration.leakerFactor = 50
    #expect { try configuration.validate() } throws: { "\($0)".contains("fastest leaker") }
  }

  @Test func jsonGoesThereAndBack() throws {
    let storm = ClusterConfiguration(.storm, height: 3, width: 5)
    #expect(try ClusterConfiguration(json: storm.json) == storm)
    #expect(storm.json.object?.count == Mirror(reflecting: storm).children.count)
    #expect(try ClusterConfiguration(json: ["height": 8]).height == 8)
    #expect { try ClusterConfiguration(json: ["hight": 8]) } throws: { "\($0)".contains("hight") }
    #expect { try ClusterConfiguration(json: ["height": "8"]) } throws: {
      "\($0)".contains("height is \"8\"")
    }
    #expect { try ClusterConfiguration(json: [8]) } throws: { "\($0)".contains("object") }
  }
}

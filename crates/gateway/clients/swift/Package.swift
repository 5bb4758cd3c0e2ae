// swift-tools-version:5.7
import PackageDescription

let package = Package(
    name: "Genuine",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Genuine", targets: ["Genuine"])],
    targets: [
        .target(name: "Genuine"),
        .testTarget(name: "GenuineTests", dependencies: ["Genuine"]),
    ]
)

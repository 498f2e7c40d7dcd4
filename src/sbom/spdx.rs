//! SPDX 2.3 in JSON, as far as kmodgen writes it: <https://spdx.github.io/spdx-spec/v2.3/>.

use serde::Serialize;

/// A document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxDocument {
    pub(super) spdx_version: &'static str,
    pub(super) data_license: &'static str,
    #[serde(rename = "SPDXID")]
    pub(super) id: &'static str,
    pub(super) name: String,
    pub(super) document_namespace: String,
    pub(super) creation_info: CreationInfo,
    pub(super) packages: Vec<SpdxPackage>,
    pub(super) relationships: Vec<SpdxRelationship>,
}

/// Date and author of a document.
#[derive(Debug, Serialize)]
pub(super) struct CreationInfo {
    pub(super) created: String,
    pub(super) creators: Vec<String>,
}

/// A package: anything that an image is made of, and the image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxPackage {
    #[serde(rename = "SPDXID")]
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version_info: Option<String>,
    pub(super) primary_package_purpose: &'static str,
    pub(super) download_location: String,
    pub(super) files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) checksums: Vec<SpdxChecksum>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_refs: Vec<ExternalRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<&'static str>,
}

/// A checksum of a package.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxChecksum {
    pub(super) algorithm: &'static str,
    pub(super) checksum_value: String,
}

/// Name of a package elsewhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExternalRef {
    pub(super) reference_category: &'static str,
    pub(super) reference_type: &'static str,
    pub(super) reference_locator: String,
}

/// Relationship of two elements.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SpdxRelationship {
    pub(super) spdx_element_id: String,
    pub(super) relationship_type: &'static str,
    pub(super) related_spdx_element: String,
}

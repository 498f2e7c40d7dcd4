//! Proposals for small repositories of every layout.

use super::testing::repository;
use super::{Proposal, Reference, Request};

fn request() -> Request {
    Request {
        url: "https://git.example.com/driver.git".to_owned(),
        name: "driver".to_owned(),
        reference: Reference {
            name: "v1.2".to_owned(),
            reason: "the newest of 3 release tags".to_owned(),
            is_guess: false,
        },
        namespace: "kmods".to_owned(),
        image: None,
        kernels: None,
        is_read: true,
    }
}

#[test]
fn a_repository_without_kmods_has_gaps() {
    let proposal = Proposal::new(&request(), &repository(&[("README", "")]));
    assert!(!proposal.is_complete());
    assert_eq!(proposal.gaps[0].field, "modules[0].kmods");
    assert!(proposal.manifest.contains("kmods: [driver]  # FILL IN:"), "{}", proposal.manifest);
}

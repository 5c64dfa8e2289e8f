//! Tests of who sees what.

use super::super::*;

#[test]
fn surfaces_show_what_they_can_name_truthfully() {
    use Shown::{CrossVendorOnly, Everyone, No};
    let check = |event_type, failed, origin: Option<(&str, bool)>, expected: [Shown; 3]| {
        let facts = ShownFacts {
            event_type,
            failed,
            origin_surface: origin.map(|(surface, _)| surface),
            origin_account: origin.is_some_and(|(_, account)| account),
        };
        let shown = Surface::ALL.map(|surface| vocabulary().shown(surface, &facts));
        assert_eq!(shown, expected, "{facts:?}");
    };
    let created = "project.created";
    check(created, false, None, [Everyone; 3]);
    check(created, true, None, [No, Everyone, No]);
    check(created, false, Some(("clarifai", false)), [Everyone; 3]);
    let elsewhere = Some(("clarifai", true));
    check(
        created,
        false,
        elsewhere,
        [CrossVendorOnly, Everyone, CrossVendorOnly],
    );
    check(created, true, elsewhere, [No, Everyone, No]);
    check(created, false, Some(("okta", true)), [CrossVendorOnly; 3]);
    check("login.failed", true, None, [Everyone, No, No]);
    check(
        "logout.failed",
        true,
        Some(("clarifai", true)),
        [CrossVendorOnly, No, No],
    );
    check("login.succeeded", true, None, [No; 3]);
    check("user.role.granted", false, None, [Everyone, No, Everyone]);
    check(
        "organization.member.updated",
        true,
        None,
        [No, Everyone, No],
    );
    check("x.openai.new", false, None, [Everyone, No, No]);
    check("x.openai.new", true, None, [No; 3]);
    check("x.clarifai.0", true, elsewhere, [No, Everyone, No]);
    check(
        "docket.events.read",
        false,
        Some(("docket", false)),
        [No; 3],
    );
    check("acme.thing.made", false, None, [No; 3]);
}

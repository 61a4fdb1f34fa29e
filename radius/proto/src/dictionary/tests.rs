use super::*;

#[test]
fn names_and_numbers_find_each_other() {
    let check = |name: &str, id: AttributeId| {
        assert_eq!(find_by_name(name).map(|entry| entry.id), Some(id), "{name}");
        assert_eq!(id.to_string().to_ascii_lowercase(), name.to_ascii_lowercase());
    };
    check("user-name", attribute::USER_NAME.into());
    check("Chargeable-User-Identity", attribute::CHARGEABLE_USER_IDENTITY.into());
    check("Original-Packet-Code", extended::ORIGINAL_PACKET_CODE.into());
    check("WISPr-Bandwidth-Max-Up", vendor::wispr::BANDWIDTH_MAX_UP.into());
    check("Mikrotik-Rate-Limit", vendor::mikrotik::RATE_LIMIT.into());
    check("ChilliSpot-Max-Total-Gigawords", vendor::chillispot::MAX_TOTAL_GIGAWORDS.into());
    check("MS-MPPE-Send-Key", vendor::microsoft::MPPE_SEND_KEY.into());
}

#[test]
fn no_number_and_no_name_stands_twice() {
    let mut ids: Vec<_> = entries().map(|entry| entry.id).collect();
    let mut names: Vec<_> = entries().map(|entry| entry.name.to_ascii_lowercase()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    names.sort_unstable();
    names.dedup();
    assert_eq!((ids.len(), names.len()), (count, count));
}

#[test]
fn every_makers_attributes_carry_its_number() {
    for vendor in vendor::VENDORS {
        for entry in vendor.entries {
            let AttributeId::Vendor(attribute) = entry.id else { panic!("{}", entry.name) };
            assert_eq!(attribute.vendor, vendor.id, "{}", entry.name);
        }
    }
}

#[test]
fn unknown_attributes_are_named_by_number() {
    let unknown = VendorAttribute { vendor: VendorId(4), number: 9 };
    let space = ExtendedSpace::E245;
    let extended = ExtendedAttribute { space, number: 200 };
    let evs = ExtendedVendorAttribute { space, vendor: VendorId(4), number: 9 };
    let check = |id: AttributeId, expected: &str| assert_eq!(id.to_string(), expected);
    check(AttributeType(250).into(), "Attr-250");
    check(unknown.into(), "Attr-26.4.9");
    check(extended.into(), "Attr-245.200");
    check(evs.into(), "Attr-245.26.4.9");
}

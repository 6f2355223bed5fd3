package vpcguard.lib.endpoints_test

import data.vpcguard.lib.endpoint_fixtures_test as estate
import data.vpcguard.lib.endpoints
import data.vpcguard.lib.fixtures_test as fixtures

test_amazons_resolver_has_several_addresses if {
	every servers in [["AmazonProvidedDNS"], ["169.254.169.253"], ["fd00:ec2::253"], ["10.0.0.2"]] {
		endpoints.own_name_servers == {} with input as _resolved({"name_servers": servers})
		endpoints.with_amazons == {"vpc-1"} with input as _resolved({"name_servers": servers})
		endpoints.resolver_doubts("vpc-1") == set() with input as _resolved({"name_servers": servers})
	}
}

test_servers_of_ones_own_leave_a_doubt_about_private_names if {
	document := _resolved({"name_servers": ["10.0.0.53", "10.0.0.2"]})
	endpoints.own_name_servers == {"vpc-1": {"10.0.0.53"}} with input as document
	{wait.name | some wait in endpoints.resolver_doubts("vpc-1")} == {"vpc-1"} with input as document
}

test_options_that_name_no_servers_leave_a_doubt if {
	silent := _resolved({"name_servers": []})
	{wait.status | some wait in endpoints.resolver_doubts("vpc-1")} == {"opaque"} with input as silent
}

# a file that is older than the read is not doubted for it
test_options_that_were_not_read_leave_a_doubt_unless_nobody_asked if {
	options := {"dhcp_options": "ec2:DescribeDhcpOptions"}
	denied := fixtures.denied(_resolved({}), options)
	{wait.name | some wait in endpoints.resolver_doubts("vpc-1")} == {"ec2:DescribeDhcpOptions"} with input as denied
	left_out := fixtures.not_requested(_resolved({}), options)
	endpoints.resolver_doubts("vpc-1") == set() with input as left_out
	{wait.status | some wait in endpoints.resolver_waits("vpc-1")} == {"not_requested"} with input as left_out
}

test_attributes_that_are_off_or_unread if {
	on := {"dns_support": true, "dns_hostnames": true}
	endpoints.dns_waits("vpc-1") == set() with input as _resolved(on)
	not endpoints.dns_off("vpc-1") with input as _resolved(on)
	endpoints.dns_off("vpc-1") == "dns_support_disabled" with input as _resolved({"dns_support": false})
	no_hostnames := _resolved({"dns_support": true, "dns_hostnames": false})
	endpoints.dns_off("vpc-1") == "dns_hostnames_disabled" with input as no_hostnames
	unread := {"vpc_attributes": "ec2:DescribeVpcAttribute"}
	{wait.reason | some wait in endpoints.dns_waits("vpc-1")} == {"AccessDenied"} with input as fixtures.denied(
		_resolved({}),
		unread,
	)
	{wait.reason | some wait in endpoints.dns_waits("vpc-1")} == {"not read for vpc-1"} with input as _resolved({})
}

_resolved(more) := fixtures.whole({"vpcs": [object.union(
	{"id": "vpc-1", "ipv4_cidrs": ["10.0.0.0/16"], "ipv6_cidrs": []},
	more,
)]})

# names for gateway endpoints: Amazon's resolver needs both attributes, anybody else resolves them as ever
test_whether_names_lead_to_gateway_endpoints if {
	on := {"dns_support": true, "dns_hostnames": true, "name_servers": ["AmazonProvidedDNS"]}
	off := object.union(on, {"dns_hostnames": false})
	cases := [
		[on, {}, {true}, set()],
		[off, {}, {false}, set()],
		[object.union(off, {"name_servers": ["10.0.0.53"]}), {}, {true}, set()],
		[object.remove(on, ["dns_hostnames"]), _attributes, {true, false}, {"ec2:DescribeVpcAttribute"}],
		[object.remove(off, ["name_servers"]), _options, {true, false}, {"ec2:DescribeDhcpOptions"}],
	]
	every one in cases {
		document := fixtures.denied(estate.document([], {"vpcs": [estate.vpc(one[0])]}), one[1])
		found := endpoints.resolving["vpc-1"] with input as document
		[found.values, {wait.name | some wait in found.waits}] == [one[2], one[3]]
	}
}

# its attributes were read for fewer VPCs then
test_a_file_that_is_older_than_the_reads_is_not_doubted if {
	document := fixtures.denied(estate.document([], {"vpcs": [estate.vpc({})]}), _attributes)
	found := endpoints.resolving["vpc-1"] with input as fixtures.not_requested(document, _options)
	found.values == {true}
}

_attributes := {"vpc_attributes": "ec2:DescribeVpcAttribute"}

_options := {"dhcp_options": "ec2:DescribeDhcpOptions"}

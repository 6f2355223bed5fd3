"""What shows each line of the semantics: golden cases with their verdicts, else tests by their names.

An id is the section and the line in it. Section 7 is one paragraph; its clauses are counted as lines.
"""

from __future__ import annotations

from dataclasses import dataclass

NAT = "nat.no_internet_egress"
MIXED = "nat.mixed_egress"
CROSS = "nat.cross_az"
USABLE = "az.single_usable_az"
GROUPS = "config.security_groups_block_egress"
ACL = "config.network_acl_blocks_https"
MISSING = "config.missing_subnet"
ROLE = "config.role_lacks_eni_permissions"
FAILED = "config.update_failed"
ALIAS = "config.alias_serves_other_network"
HEADROOM = "ip.low_headroom"
QUOTA = "ip.eni_quota"
BLOCKED = "endpoints.endpoint_blocked"
DNS_OFF = "endpoints.private_dns_off"
UNREACHABLE = "endpoints.service_unreachable"
GATEWAY = "endpoints.gateway_route_missing"
NAT_GATEWAYS = "ec2:DescribeNatGateways"
TAGS = ("lambda:ListTags", "tag:GetResources")
DETAILS = "iam:GetAccountAuthorizationDetails"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a golden case expects; what is None or empty here does not matter.

    root: "-" does not matter, None: there is none.
    """

    case: str
    rule: str
    verdict: str
    function: str = "orders"
    severity: str | None = None
    cause: str | None = None
    root: str | None = "-"
    waits_for: tuple[str, ...] = ()
    failed_read: bool | None = None


@dataclass(frozen=True, slots=True)
class ByTest:
    """A test that shows what no golden case can: facts, records, evidence, output."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line, its sense, and what shows it."""

    id: str
    sense: str
    shown: tuple[Shown | ByTest, ...]


def _lib(file: str, name: str) -> ByTest:
    return ByTest(f"policies/vpcguard/lib/{file}_test.rego", f"test_{name}")


def _rule(rule_id: str, name: str) -> ByTest:
    family, rule = rule_id.split(".")
    return ByTest(f"policies/vpcguard/rules/{family}/{rule}/{rule}_test.rego", f"test_{name}")


def _python(path: str, name: str) -> ByTest:
    return ByTest(f"tests/{path}.py", f"test_{name}")


def _none(case: str, cause: str, root: str | None = "-") -> Shown:
    return Shown(case, NAT, "violation", cause=cause, root=root)


def _works(*cases: str) -> tuple[Shown, ...]:
    return tuple(Shown(case, NAT, "pass") for case in cases)


KNOWING = (
    Line(
        "1.1",
        "Only a verdict that rests on a fact nobody read is unknown; what was read stands.",
        (
            Shown("nat_gateways_denied", NAT, "violation", "public", root="rtb-public"),
            Shown("nat_gateways_denied", NAT, "unknown", waits_for=(NAT_GATEWAYS,)),
            Shown("hidden_subnet_decides", "az.single_az", "unknown", waits_for=("ec2:DescribeSubnets",)),
            Shown("hidden_subnet_does_not_decide", "az.single_az", "pass"),
            _lib("egress/egress", "none_in_a_public_subnet_whatever_else_was_denied"),
            _python("contract/properties/test_hiding", "hiding_a_fact_of_a_golden_case_only_adds_doubt"),
        ),
    ),
    Line(
        "1.2",
        "Answered and failed is partial: what it holds is known, what it lacks is unknown.",
        (
            Shown("subnets_in_part", MISSING, "pass", "fine"),
            Shown("subnets_in_part", MISSING, "unknown", waits_for=("ec2:DescribeSubnets",)),
            *_works("nat_gateways_in_part"),
            Shown("nat_gateways_in_part_without_ours", NAT, "unknown", waits_for=(NAT_GATEWAYS,)),
        ),
    ),
    Line(
        "1.3",
        "What is proven missing has its own rules and is left out of the others.",
        (
            Shown("subnet_gone", MISSING, "violation", root="subnet-gone"),
            Shown("subnet_gone", NAT, "pass"),
            Shown("subnet_gone", MIXED, "pass"),
            Shown("every_subnet_gone", MISSING, "violation"),
            Shown("every_subnet_gone", NAT, "not_applicable"),
            Shown("every_subnet_gone", HEADROOM, "not_applicable"),
            Shown("group_gone", "config.missing_security_group", "violation", root="sg-gone"),
            Shown("idle_on_a_missing_subnet", "config.idle_on_broken_network", "violation"),
            _rule(GROUPS, "a_missing_group_is_left_out"),
        ),
    ),
    Line(
        "1.4",
        "Not found is absent, any other failure is unknown, and so it is with roles.",
        (
            Shown("role_gone", ROLE, "violation", severity="high"),
            Shown("roles_denied", ROLE, "unknown", waits_for=(DETAILS,)),
            _python("unit/aws/test_codes", "no_code_means_two_things"),
            _python("unit/aws/test_reading", "what_does_not_exist_has_no_entry_and_no_failure"),
            _python("unit/facts/test_roles", "a_role_that_is_gone_is_known_to_be_gone"),
            _python("unit/facts/test_roles", "a_role_that_nobody_saw_is_not_gone"),
        ),
    ),
    Line(
        "1.5",
        "Unread tags leave in doubt only what differs between the possible intents.",
        (
            Shown("tags_unread_and_broken", NAT, "unknown", waits_for=TAGS),
            Shown("tags_unread_and_working", NAT, "pass"),
            Shown("tags_unread_and_declared_by_configuration", NAT, "violation", severity="critical"),
            _lib("intent/intent", "unread_tags_leave_every_intent_possible"),
            _lib("needs/needs", "unread_tags_leave_every_need_open"),
            _python("unit/facts/test_function_details", "either_of_the_two_ways_to_read_tags_is_enough"),
        ),
    ),
    Line(
        "1.6",
        "What nobody asked for is a failed read where a verdict waits for it, unless left out on purpose.",
        (
            Shown("nat_gateways_unread", NAT, "unknown", waits_for=(NAT_GATEWAYS,), failed_read=True),
            Shown("states_left_out_on_purpose", FAILED, "silent"),
            Shown("alias_not_requested", ALIAS, "silent"),
            _lib("../main/main", "silent_where_only_what_was_left_out_on_purpose_is_awaited"),
            _python(
                "integration/test_cli_snapshot",
                "an_unread_operation_is_3_only_where_a_verdict_waits_for_it",
            ),
        ),
    ),
    Line(
        "1.7",
        "A complete list says which functions exist; without one, those read are judged and none is closed.",
        (
            _python("unit/facts/test_functions", "a_complete_list_decides_which_functions_exist"),
            _python("unit/facts/test_functions", "without_a_complete_list_what_was_read_is_judged"),
            _python("unit/audit/test_sweep", "a_partial_sweep_closes_nothing"),
            _python("unit/audit/test_sweep", "a_listing_that_did_not_happen_is_an_error"),
        ),
    ),
    Line(
        "1.8",
        "Functions in transition are judged, those being deleted are not, and only $LATEST counts.",
        (
            Shown("function_that_is_pending", NAT, "violation", severity="medium"),
            Shown("function_that_is_being_deleted", NAT, "not_applicable"),
            Shown("function_that_is_being_deleted", "az.single_az", "not_applicable"),
            _lib("../main/main", "a_function_in_transition_shows_its_state"),
            _python("unit/facts/test_functions", "published_versions_of_the_list_are_no_functions"),
        ),
    ),
    Line(
        "1.9",
        "States are compared without regard to case; attached has two words.",
        (
            *_works("nat_state_in_capitals"),
            _lib("egress/egress", "works_over_a_gateway_that_is_attached_in_either_word"),
        ),
    ),
)

KEYS = (
    Line(
        "2.1",
        "A failure is of a whole operation or of single resources.",
        (
            _python("unit/aws/test_reading", "denied_for_one_resource_is_a_failure_of_that_one"),
            _python("unit/aws/test_answers", "failures_of_single_resources_join"),
            _python("unit/snapshot/test_document", "a_snapshot_survives_being_written_and_read"),
        ),
    ),
    Line(
        "2.2",
        "Each operation has its own kind of key.",
        (
            _python("unit/snapshot/test_document", "a_failure_told_by_policy_counts_for_the_role"),
            _python("unit/facts/test_function_details", "a_partial_answer_knows_the_functions_it_holds"),
            _python("unit/facts/test_roles", "each_read_of_a_role_is_needed"),
            _python("unit/facts/test_roles", "both_ways_to_read_a_role_give_the_same_facts"),
            _python("unit/facts/test_networks", "a_vpc_with_its_networks_and_dns_attributes"),
            _python("unit/facts/test_networks", "prefix_lists_with_and_without_their_networks"),
            _python("unit/facts/test_networks", "the_applied_quota_counts_before_the_default"),
        ),
    ),
    Line(
        "2.3",
        "The default quota counts only where none was ever applied.",
        (
            Shown("quota_never_applied", QUOTA, "violation"),
            Shown("quota_denied", QUOTA, "unknown", waits_for=("servicequotas:GetServiceQuota",)),
            _python("unit/facts/test_networks", "a_refused_quota_is_not_the_default"),
        ),
    ),
)

PATHS = (
    Line(
        "3.1",
        "The path is routing alone; groups and ACLs have rules of their own.",
        (
            Shown("acls_denied", ACL, "unknown", waits_for=("ec2:DescribeNetworkAcls",)),
            Shown("acls_denied", NAT, "pass"),
            _rule(NAT, "groups_and_acls_change_no_verdict"),
        ),
    ),
    Line(
        "3.2",
        "Routes are chosen as AWS chooses; two halves are judged both and the worse counts.",
        (
            *_works("static_route_before_prefix_list", "static_route_before_propagated"),
            *_works("prefix_list_before_propagated_route", "two_prefix_lists_agree", "two_halves"),
            Shown("two_prefix_lists_disagree", NAT, "unknown", failed_read=False),
            _none("halves_before_the_default_route", "peering", "pcx-0a"),
            _none("two_halves_one_broken", "blackhole"),
            Shown("two_halves_one_opaque", NAT, "unknown", waits_for=("tgw-0a",)),
            _none("one_half_alone", "no_default_route"),
            _lib("egress/routes", "one_half_alone_is_no_default_route_and_named"),
        ),
    ),
    Line(
        "3.3",
        "A black hole is a fault and no isolation; the causes have an order.",
        (
            _none("blackhole_beside_a_usable_endpoint", "blackhole", "rtb-private"),
            _none("transit_gateway_black_hole", "blackhole", "rtb-private"),
            _none("nat_absent_from_a_complete_answer", "nat_unavailable", "nat-0a"),
            _none("nat_failed", "nat_unavailable"),
            _none("nat_private", "nat_private"),
            _none("nat_behind_a_detached_internet_gateway", "internet_gateway_detached", "igw-0a"),
            _none("nat_behind_an_internet_gateway_of_another_vpc", "internet_gateway_detached", "igw-0a"),
            _none("nat_behind_an_internet_gateway_that_is_gone", "internet_gateway_detached", "igw-0a"),
            _none("nat_in_a_subnet_without_default_route", "nat_without_internet_gateway"),
            _none("nat_instance_stopped", "nat_instance_unusable"),
            _lib("egress/egress", "none_over_a_black_hole_to_an_unread_internet_gateway"),
            _lib("egress/egress", "block_public_access_is_the_last_cause"),
        ),
    ),
    Line(
        "3.4",
        "A firewall endpoint is followed; behind a NAT gateway the path goes on by the same rules.",
        (
            *_works("firewall_before_the_nat", "firewall_behind_the_nat"),
            _none("firewall_in_front_of_nothing", "nat_unavailable"),
            Shown("firewall_that_cannot_be_seen", NAT, "unknown"),
            Shown("nat_behind_a_transit_gateway", NAT, "unknown", waits_for=("tgw-0a",)),
            _lib("egress/routes", "a_firewall_that_leads_nowhere_is_a_fault"),
            _none("nat_gateways_in_their_own_private_subnets", "nat_without_internet_gateway", "nat-0a"),
            _none("nat_behind_a_nat", "nat_without_internet_gateway", "rtb-public"),
            _none("nat_in_a_subnet_without_default_route", "nat_without_internet_gateway", "rtb-public"),
            _none("private_nat_without_default_route", "nat_private", None),
            Shown("private_nat_before_a_transit_gateway", NAT, "unknown", waits_for=("tgw-0a",)),
            *_works("private_nat_before_a_trusted_transit_gateway"),
            _lib("egress/egress", "unknown_over_what_nobody_can_look_into_behind_a_gateway"),
            _lib("egress/egress", "none_over_a_gateway_behind_a_gateway"),
        ),
    ),
    Line(
        "3.5",
        "A regional NAT gateway serves every zone and leaves by its own table, else by the VPC's gateway.",
        (
            Shown("regional_nat_automatic", CROSS, "pass"),
            Shown("regional_nat_without_a_zone", NAT, "pass"),
            Shown("regional_nat_without_a_zone", CROSS, "unknown", waits_for=("nat-0a",)),
            Shown("regional_nat_managed_by_hand_elsewhere", NAT, "unknown", waits_for=("nat-0a",)),
            *_works("regional_nat_with_a_table_of_its_own", "regional_nat_automatic"),
            _none("regional_nat_whose_table_leads_nowhere", "nat_without_internet_gateway", "rtb-regional"),
            _none("regional_nat_without_internet_gateway", "nat_without_internet_gateway"),
        ),
    ),
    Line(
        "3.6",
        "A NAT instance needs five things, each of which may fail or be unread.",
        (
            Shown("nat_instance", NAT, "pass"),
            Shown("nat_instance", CROSS, "pass"),
            _none("nat_instance_stopped", "nat_instance_unusable"),
            _none("nat_instance_with_source_check", "nat_instance_unusable"),
            _none("nat_instance_in_an_isolated_subnet", "nat_instance_unusable"),
            _none("nat_instance_without_address", "nat_instance_unusable", "eni-nat"),
            _none("nat_instance_that_lets_nobody_in", "nat_instance_unusable", "eni-nat"),
            _none("nat_instance_under_block_ingress", "block_public_access", "subnet-pub"),
            Shown("nat_instance_unread", NAT, "unknown", waits_for=("ec2:DescribeInstances",)),
            _lib("egress/nat_instance", "works_over_a_nat_instance"),
            _rule(CROSS, "allow_what_has_no_way_or_one_without_gateway"),
        ),
    ),
    Line(
        "3.7",
        "An IPv6 way counts for the internet, and leaves a call to a service in doubt.",
        (
            *_works("egress_only_gateway"),
            Shown("egress_only_gateway_detached", NAT, "violation"),
            Shown("egress_only_gateway_not_allowed", NAT, "violation"),
            Shown("egress_only_gateway_with_one_subnet_of_ipv4", NAT, "violation"),
            _rule(MIXED, "evidence_names_the_ways_over_ipv6_alone"),
            Shown("service_over_ipv6_perhaps", UNREACHABLE, "unknown", waits_for=("subnet-a", "subnet-b")),
            _rule(UNREACHABLE, "unknown_where_ipv6_has_a_way_out"),
        ),
    ),
    Line(
        "3.8",
        "Block Public Access counts by the gateway's subnet, and the account's option only in its place.",
        (
            _none("block_public_access_of_the_subnet", "block_public_access"),
            _none("block_public_access_of_the_account", "block_public_access"),
            *_works("block_public_access_of_the_private_subnet", "block_public_access_ingress_only"),
            *_works("block_public_access_with_an_exclusion", "shared_block_public_access_of_the_account"),
            _lib("egress/block_public_access", "the_subnets_own_state_counts"),
            _lib("egress/cohort_paths", "no_way_over_ipv6"),
        ),
    ),
    Line(
        "3.9",
        "A shared VPC is what both accounts see; only the owner's complete answer proves a subnet missing.",
        (
            *_works("shared_owner_read", "shared_isolated_subnet_with_a_gateway_endpoint"),
            Shown("shared_owner_read_and_broken", NAT, "violation", root="nat-0a"),
            Shown("shared_owner_not_read", NAT, "unknown", waits_for=("444455556666", "nat-0a")),
            Shown("shared_subnet_not_shared_any_more", MISSING, "unknown", waits_for=("444455556666",)),
            Shown("shared_subnet_deleted", MISSING, "violation", root="subnet-gone"),
            _python("unit/facts/test_shared_vpcs", "networks_are_the_union_of_our_answer_and_the_owners"),
            _python("unit/facts/test_shared_vpcs", "dns_attributes_of_a_shared_vpc_are_the_owners"),
            _lib("endpoints/endpoints", "serving_a_gateway_endpoint_that_a_route_proves"),
        ),
    ),
)

ZONES = (
    Line(
        "4.1",
        "The path is asked for internet and undeclared, by service for aws, not at all for none.",
        (
            Shown("intent_aws", NAT, "not_applicable"),
            Shown("intent_aws", MIXED, "not_applicable"),
            Shown("intent_none", NAT, "not_applicable"),
            _rule(USABLE, "intents_aws_and_none_need_addresses_only"),
            _rule(UNREACHABLE, "not_applicable_without_a_need"),
        ),
    ),
    Line(
        "4.2",
        "No subnet has a path and not all are isolated by design, which takes an endpoint that serves.",
        (
            *_works(
                "isolated_beside_a_usable_endpoint", "isolated_beside_a_gateway_endpoint", "mixed_egress"
            ),
            Shown("isolated_beside_a_closed_endpoint", NAT, "violation"),
            Shown("isolated_beside_an_endpoint_without_private_dns", NAT, "violation"),
            Shown("isolated_beside_an_endpoint_of_another_table", NAT, "violation"),
            _none("isolated_subnet_beside_a_broken_one", "blackhole"),
            _lib("endpoints/endpoints", "serving_an_interface_endpoint"),
        ),
    ),
    Line(
        "4.3",
        "One usable zone is a violation, none is another rule's; usable is a path and room.",
        (
            Shown("one_zone_with_a_path", USABLE, "violation"),
            Shown("full_subnet", USABLE, "violation"),
            Shown("full_subnet_with_our_interface", USABLE, "pass"),
            Shown("full_subnet_with_the_interface_of_other_groups", USABLE, "violation"),
            Shown("no_zone_usable", USABLE, "pass"),
            Shown("two_usable_zones", USABLE, "pass"),
        ),
    ),
    Line(
        "4.4",
        "A zone left out is ordinary, with a subnet of the same kind that the account sees; one decides.",
        (
            Shown("zone_not_used", "az.missing_az", "violation"),
            Shown("zone_of_another_kind", "az.missing_az", "pass"),
            Shown("every_zone_used", "az.missing_az", "pass"),
            Shown(
                "zone_whose_table_was_not_read",
                "az.missing_az",
                "unknown",
                waits_for=("ec2:DescribeRouteTables",),
            ),
            Shown("zone_that_is_a_local_one", "az.missing_az", "pass"),
            Shown("zone_of_an_outpost", "az.missing_az", "pass"),
            Shown("shared_zone_that_the_owner_alone_sees", "az.missing_az", "pass"),
            Shown("zones_denied", "az.missing_az", "unknown", waits_for=("ec2:DescribeAvailabilityZones",)),
            _lib("candidates/candidates", "another_owner_stack_vpc_state_or_zone_does_not_fit"),
            _lib("candidates/candidates", "the_same_opaque_target_and_another_gateway_of_the_same_kind_fit"),
        ),
    ),
)

NEEDS = (
    Line(
        "5.1",
        "Declared services replace inferred ones; what Lambda does itself infers nothing.",
        (
            Shown("s3_inferred_from_the_role", GATEWAY, "violation"),
            _lib("needs/needs", "declared_services_replace_inference"),
            _lib("needs/needs", "inferred_from_the_actions_of_the_role"),
            _lib("needs/needs", "a_star_infers_nothing"),
            _lib("needs/needs", "what_lambda_does_itself_infers_nothing"),
            _lib("needs/needs", "the_pollers_actions_of_an_event_source_infer_nothing"),
            _lib("needs/needs", "decrypting_the_environment_infers_nothing"),
            _lib("needs/needs", "sending_to_the_dead_letter_target_infers_nothing"),
            _lib("needs/needs", "arns_in_the_configuration_infer_nothing"),
            Shown("queue_consumer_as_tools_write_it", UNREACHABLE, "not_applicable"),
            Shown("broker_consumer_as_tools_write_it", UNREACHABLE, "not_applicable"),
            Shown("queue_consumer_without_a_source", UNREACHABLE, "violation"),
            Shown("image_that_lambda_pulls", UNREACHABLE, "not_applicable"),
            Shown("calls_to_resources_by_their_own_names", UNREACHABLE, "not_applicable"),
            Shown("keys_used_by_other_services", UNREACHABLE, "not_applicable"),
            _lib("needs/needs", "what_tools_grant_for_a_source_infers_nothing"),
            _lib("needs/needs", "what_lambda_sends_for_the_function_infers_nothing"),
            _lib("needs/needs", "an_allow_for_calls_of_other_services_infers_nothing"),
            _lib("needs/needs", "managed_policies_for_functions_infer_nothing"),
            Shown("destinations_left_out_on_purpose", UNREACHABLE, "silent"),
            Shown("destinations_denied", UNREACHABLE, "unknown"),
            Shown("asynchronous_invocations_go_to_a_topic", UNREACHABLE, "not_applicable"),
            Shown("failures_of_a_source_go_to_a_queue", UNREACHABLE, "not_applicable"),
            Shown("service_without_any_endpoint", UNREACHABLE, "not_applicable"),
            _lib("needs/needs", "services_without_endpoints_are_told_apart"),
        ),
    ),
    Line(
        "5.2",
        "Intents are trimmed and without case, unknown ones undeclared, and none wins.",
        (
            Shown("internet_by_tag_with_blanks_and_capitals", NAT, "violation", severity="critical"),
            Shown("intent_unheard_of", NAT, "violation", severity="medium"),
            _lib("intent/intent", "an_unknown_value_counts_as_undeclared_and_is_named"),
            _lib("needs/needs", "none_wins_over_services"),
            Shown("endpoint_declared", UNREACHABLE, "violation"),
            Shown("nothing_declared_that_is_a_service", UNREACHABLE, "violation"),
            _lib("intent/intent", "services_in_every_spelling"),
            _lib("intent/intent", "names_of_endpoints_are_services_too"),
            _lib("intent/intent", "what_is_no_service_is_named_and_left_out"),
        ),
    ),
    Line(
        "5.3",
        "IAM prefixes have their endpoint names, compared exactly; FIPS names serve FIPS clients.",
        (
            Shown("service_by_a_name_of_its_own", UNREACHABLE, "pass"),
            Shown("service_by_an_endpoint_of_fips_clients", UNREACHABLE, "violation"),
            Shown("model_invoked_by_its_endpoint", UNREACHABLE, "pass"),
            Shown("models_listed_at_another_endpoint", UNREACHABLE, "violation"),
            Shown("everything_of_a_service_with_several_endpoints", UNREACHABLE, "unknown"),
            Shown("endpoint_of_a_cell", UNREACHABLE, "pass"),
            Shown("streams_by_an_endpoint_of_their_own", UNREACHABLE, "violation"),
            _rule(UNREACHABLE, "deny_unless_all_names_of_a_service_have_an_endpoint"),
            _lib("endpoints/endpoints", "a_service_name_is_what_follows_region_and_dot"),
        ),
    ),
    Line(
        "5.4",
        "Of the rules about one service the most specific speaks alone.",
        (
            Shown("service_behind_a_closed_endpoint", BLOCKED, "violation"),
            Shown("service_behind_a_closed_endpoint", UNREACHABLE, "pass"),
            Shown("service_with_private_dns_off", DNS_OFF, "violation"),
            Shown("service_with_private_dns_off", UNREACHABLE, "pass"),
            Shown("service_without_path_or_endpoint", UNREACHABLE, "violation"),
            _rule(DNS_OFF, "allow_where_a_blocked_endpoint_speaks"),
            _rule(UNREACHABLE, "allow_where_a_more_specific_rule_speaks"),
        ),
    ),
    Line(
        "5.5",
        "Endpoints of either kind serve; one that does not catch the name does not.",
        (
            Shown("s3_by_a_gateway_endpoint", GATEWAY, "pass"),
            Shown("s3_by_an_interface_endpoint", GATEWAY, "pass"),
            _rule(UNREACHABLE, "deny_with_an_interface_endpoint_for_nothing_but_its_type"),
            _rule(UNREACHABLE, "allow_either_kind_of_endpoint"),
            _lib("endpoints/endpoints", "catching_says_why_not"),
            _rule(GATEWAY, "allow_a_usable_interface_endpoint_that_catches_the_name"),
        ),
    ),
    Line(
        "5.6",
        "An endpoint must admit every subnet of the function, whole, or is blocked for those it does not.",
        (
            Shown("service_by_an_interface_endpoint", BLOCKED, "pass"),
            Shown("service_behind_an_endpoint_for_one_subnet", BLOCKED, "violation", root="vpce-sqs"),
            _lib("endpoints/endpoints", "admitted_by_a_group_or_by_a_network_that_contains_the_whole_subnet"),
            _lib("endpoints/endpoints", "admitted_on_port_443_over_tcp_alone"),
            _rule(BLOCKED, "deny_an_endpoint_whose_groups_do_not_admit_the_function"),
        ),
    ),
    Line(
        "5.7",
        "A zone of the function without the needed endpoint is a violation, where the name is caught.",
        (
            Shown("service_by_an_interface_endpoint", "endpoints.interface_single_az", "violation"),
            Shown("service_in_every_zone", "endpoints.interface_single_az", "pass"),
            _rule("endpoints.interface_single_az", "allow_an_endpoint_that_does_not_catch_the_name"),
        ),
    ),
    Line(
        "5.8",
        "A private route may lead to central endpoints, unless the configuration says which there are.",
        (
            Shown("service_perhaps_by_a_central_endpoint", UNREACHABLE, "unknown", failed_read=False),
            Shown("service_by_a_central_endpoint", UNREACHABLE, "pass"),
            Shown("service_without_a_central_endpoint", UNREACHABLE, "violation"),
            _rule(UNREACHABLE, "unknown_where_central_endpoints_may_be"),
        ),
    ),
    Line(
        "5.9",
        "Endpoint policies are noted and not judged.",
        (
            _lib("endpoints/endpoints", "endpoints_with_a_policy_of_their_own"),
            _rule(DNS_OFF, "deny_an_endpoint_without_private_dns"),
        ),
    ),
)

CONFIGURATION = (
    Line(
        "6.1",
        "Headroom is of usable addresses, alone is among the function's subnets, IPv6 alone is not judged.",
        (
            Shown("headroom_below_the_percentage", HEADROOM, "violation"),
            Shown("headroom_at_the_percentage", HEADROOM, "pass"),
            Shown("headroom_below_the_floor_alone_in_its_zone", HEADROOM, "violation", severity="high"),
            Shown("headroom_below_the_floor_beside_another", HEADROOM, "violation", severity="medium"),
            _rule(HEADROOM, "deny_below_the_floor"),
            _rule(HEADROOM, "ipv6_only_subnets_are_not_judged"),
        ),
    ),
    Line(
        "6.2",
        "This account's interfaces against this account's quota, and others are said not to be counted.",
        (
            Shown("quota_used_up", QUOTA, "violation", severity="high"),
            Shown("quota_at_the_threshold", QUOTA, "pass"),
            _rule(QUOTA, "deny_says_that_a_shared_vpc_holds_more"),
            _python("unit/facts/test_shared_vpcs", "lambda_interfaces_are_our_own_whoever_owns_the_vpc"),
        ),
    ),
    Line(
        "6.3",
        "Only known codes of the network count, in any of three states and without a VPC too.",
        (
            Shown("update_failed", FAILED, "violation"),
            Shown("update_failed_for_another_reason", FAILED, "pass"),
            Shown("inactive_with_a_network_reason", FAILED, "violation"),
            Shown("inactive_because_idle", FAILED, "pass"),
            _rule(FAILED, "allow_other_reasons"),
            _rule(FAILED, "deny_an_unattached_function_that_failed_for_its_network"),
        ),
    ),
    Line(
        "6.4",
        "A role must allow six actions, within its boundary; conditions leave doubt, but for the code's own.",
        (
            Shown("role_without_eni_permissions", ROLE, "violation", severity="low"),
            Shown("role_without_eni_permissions_pending", ROLE, "violation", severity="high"),
            Shown("role_with_wildcards", ROLE, "pass"),
            Shown("role_denied_for_the_functions_code", ROLE, "pass"),
            Shown("role_under_another_condition", ROLE, "unknown"),
            Shown("role_within_a_boundary", ROLE, "unknown", waits_for=(DETAILS,)),
            _rule(ROLE, "deny_a_role_without_some_actions"),
            _lib("iam/iam", "allowed_by_not_action"),
            _lib("iam/iam", "unknown_under_a_condition_or_a_narrower_resource"),
            _lib("iam/iam", "another_statement_decides"),
            _lib("iam/iam", "a_boundary_must_allow_too"),
            _python("unit/facts/test_roles", "a_version_that_is_not_the_default_says_nothing"),
        ),
    ),
    Line(
        "6.5",
        "What the groups must let out depends on the intent.",
        (
            Shown("groups_with_egress_in_two_halves", GROUPS, "pass"),
            Shown("groups_with_egress_to_one_network", GROUPS, "violation"),
            Shown("groups_of_a_function_for_nothing", GROUPS, "not_applicable"),
            Shown("groups_without_egress", GROUPS, "violation"),
            _rule(GROUPS, "intent_aws_needs_the_interface_endpoint"),
            _rule(GROUPS, "intent_aws_needs_the_prefix_list_of_the_gateway_endpoint"),
            _rule(GROUPS, "intent_aws_without_an_endpoint_needs_all_of_the_internet"),
            _rule(GROUPS, "undeclared_needs_the_way_to_what_it_calls"),
        ),
    ),
    Line(
        "6.6",
        "ACLs must let 443 out and all answers back, in the order of their numbers.",
        (
            Shown("acl_that_denies_https", ACL, "violation"),
            Shown("acl_that_denies_the_answers", ACL, "violation"),
            Shown("acl_that_denies_a_small_network", ACL, "pass"),
            _rule(ACL, "intent_aws_needs_the_endpoints_subnets"),
            _rule(ACL, "allow_an_acl_of_another_subnet"),
            _rule(ACL, "not_applicable_to_intent_none"),
            _lib("network_acls/network_acls", "rules_count_by_number"),
        ),
    ),
    Line(
        "6.7",
        "Every function with an alias is judged, weights count, and sets are compared.",
        (
            Shown("alias_of_another_network", ALIAS, "violation"),
            Shown("alias_of_the_same_network", ALIAS, "pass"),
            Shown("alias_with_a_weighted_version", ALIAS, "violation"),
            _rule(ALIAS, "deny_a_detached_function_whose_alias_is_attached"),
        ),
    ),
    Line(
        "6.8",
        "The root cause is the one thing to repair, and null where there is no such thing.",
        (
            Shown("nat_failed", NAT, "violation", root="nat-0a"),
            Shown("nat_behind_a_detached_internet_gateway", NAT, "violation", root="igw-0a"),
            Shown("peering", NAT, "violation", root="pcx-0a"),
            Shown("blackhole", NAT, "violation", root="rtb-private"),
            Shown("no_default_route", NAT, "violation", root="rtb-private"),
            Shown("public_subnet", NAT, "violation", root="rtb-public"),
            Shown("subnet_gone", MISSING, "violation", root="subnet-gone"),
            Shown("service_with_private_dns_off", DNS_OFF, "violation", root="vpce-sqs"),
            Shown("dedicated_tenancy", "config.dedicated_tenancy", "violation", root="vpc-0a"),
            _rule(ROLE, "deny_a_role_without_some_actions"),
            _lib("../main/main", "one_root_cause_is_shown_several_are_none"),
        ),
    ),
)

OUTPUT = (
    Line(
        "7.1",
        "Every field is there, null where unknown.",
        (
            _python("unit/cli/test_formats", "jsonl_is_one_finding_a_line_with_every_field"),
            _python("unit/findings/test_looks", "an_account_without_a_name_leaves_the_fields_empty"),
        ),
    ),
    Line(
        "7.2",
        "All three times are that of the capture.",
        (_python("integration/test_cli_snapshot", "jsonl_is_sorted_complete_and_alone_on_stdout"),),
    ),
    Line(
        "7.3",
        "Lines are sorted by function, then by rule.",
        (
            _python("integration/test_cli_snapshot", "jsonl_is_sorted_complete_and_alone_on_stdout"),
            _python("unit/findings/test_looks", "findings_and_looks_are_sorted_whatever_order_they_came_in"),
        ),
    ),
    Line(
        "7.4",
        "The evidence about subnets has one shape.",
        (_lib("egress/cohort_paths", "evidence_has_the_fixed_shape"),),
    ),
    Line(
        "7.5",
        "What is undetermined has the rule's own severity and names what it waits for.",
        (
            _python(
                "unit/findings/test_looks",
                "an_unknown_is_an_undetermined_finding_that_names_what_it_waits_for",
            ),
        ),
    ),
    Line(
        "7.6",
        "Functions that no rule judges are named in the table and the decision, never in jsonl.",
        (
            _python("unit/cli/test_formats", "the_table_names_functions_that_no_rule_judges"),
            _python("unit/cli/test_formats", "jsonl_is_one_finding_a_line_with_every_field"),
            _python("unit/cli/test_report", "a_function_no_rule_speaks_about_is_not_applicable"),
            Shown("outside_a_vpc", NAT, "not_applicable", "absent"),
        ),
    ),
)

LINES = (*KNOWING, *KEYS, *PATHS, *ZONES, *NEEDS, *CONFIGURATION, *OUTPUT)

"""What stands in generated networks: NAT gateways, instances, endpoints, groups, functions."""

from __future__ import annotations

from typing import Any

from tests.contract.crosscheck.networks import ACCOUNT, REGION, ZONES, Network

Json = dict[str, Any]

OF_S3 = "pl-aws-s3"  # the list that AWS keeps for S3
_GROUP_SETS = (["a"], ["a"], ["b"], ["a", "b"])  # which of a network's two groups functions have
_EVERYTHING: Json = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
_HTTPS: Json = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}


def add_machines(net: Network) -> None:
    """Add what stands between subnets and the edge of a network."""
    ids = [one["SubnetId"] for one in net.resources["Subnets"]]
    places = [*ids, *[one for one in ids if "-edge" in one] * 4]
    net.resources["NatGateways"] += [_nat(net, index, places) for index in range(3)]
    net.resources["VpcEndpoints"] += [_firewall(net, index, places) for index in range(2)]
    for name in ("a", "b"):
        net.resources["SecurityGroups"].append(_group(net, name, [], owner=ACCOUNT))
    for index in range(2):
        _add_nat_instance(net, index, places)
    _attach_transit_gateway(net, ids)


def add_gateway_endpoint(net: Network) -> None:
    """Add an endpoint for S3 to some route tables of a network."""
    tables = [table for table in net.resources["RouteTables"] if net.odds(0.5)]
    net.resources["VpcEndpoints"].append(
        _endpoint(net, "s3", "Gateway")
        | {
            "ServiceName": f"com.amazonaws.{REGION}.s3",
            "RouteTableIds": [table["RouteTableId"] for table in tables],
        }
    )
    for table in tables:
        table["Routes"].append(
            {
                "DestinationPrefixListId": OF_S3,
                "GatewayId": net.id("vpce", "s3"),
                "Origin": "CreateRoute",
                "State": "active",
            }
        )


def _nat(net: Network, index: int, subnets: list[str]) -> Json:
    nat: Json = {
        "NatGatewayId": net.id("nat", index),
        "VpcId": net.id("vpc"),
        "SubnetId": net.dice.choice(subnets),
        "State": net.dice.choice(
            ("available",) * 18 + ("AVAILABLE", "pending", "failed", "deleting", "deleted")
        ),
        "ConnectivityType": net.dice.choice(("public",) * 5 + ("private",)),
        "NatGatewayAddresses": [{"PublicIp": "198.51.100.1", "Status": "succeeded"}],
    }
    if net.odds(0.25):
        del nat["SubnetId"]
        nat |= {
            "AvailabilityMode": "regional",
            "AutoProvisionZones": net.dice.choice(("enabled", "disabled")),
            "ConnectivityType": "public",
            "NatGatewayAddresses": [
                {"AvailabilityZoneId": zone, "Status": net.dice.choice(("succeeded", "succeeded", "failed"))}
                for zone in ZONES[: net.dice.randint(1, 3)]
            ],
        }
        nat |= {"RouteTableId": net.id("rtb", "nat")} if net.odds(0.5) else {}
    if index < 2 and net.odds(0.15):
        nat["AttachedAppliances"] = [
            {
                "Type": "network-firewall-proxy",
                "VpcEndpointId": net.id("vpce", index),
                "AttachmentState": net.dice.choice(("attached", "attached", "detached")),
            }
        ]
    return nat


def _firewall(net: Network, index: int, subnets: list[str]) -> Json:
    kind = "GatewayLoadBalancer" if net.odds(0.9) else "Interface"
    return _endpoint(net, index, kind) | {
        "ServiceName": f"com.amazonaws.vpce.{REGION}.vpce-svc-0a",
        "SubnetIds": [net.dice.choice(subnets)],
    }


def _endpoint(net: Network, name: object, kind: str) -> Json:
    return {
        "VpcEndpointId": net.id("vpce", name),
        "VpcEndpointType": kind,
        "VpcId": net.id("vpc"),
        "OwnerId": net.owner,
        "State": "available",
        "RouteTableIds": [],
        "SubnetIds": [],
        "Groups": [],
        "PrivateDnsEnabled": False,
    }


def _add_nat_instance(net: Network, index: int, places: list[str]) -> None:
    """Add an instance with its interface, perhaps a second one beside it or elsewhere, and its group."""
    instance_id, subnet_id, checked = net.id("i", index), net.dice.choice(places), net.odds(0.1)
    place = {"VpcId": net.id("vpc"), "SubnetId": subnet_id, "SourceDestCheck": checked}
    group = _group(net, f"nat{index}", [_rule(net)], owner=net.owner)
    net.resources["SecurityGroups"].append(group)
    named = []
    for name in (index, f"{index}b") if net.odds(0.15) else (index,):
        address = {"Association": {"PublicIp": "198.51.100.9"}} if net.odds(0.85) else {}
        elsewhere = {} if name == index else {"SubnetId": net.dice.choice(places)}
        interface = {"NetworkInterfaceId": net.id("eni", name), **place, **elsewhere, **address}
        named.append(interface)
        net.resources["NetworkInterfaces"].append(
            interface
            | {
                "OwnerId": net.owner,
                "InterfaceType": "interface",
                "Groups": [{"GroupId": group["GroupId"]}],
                "Attachment": {"InstanceId": instance_id, "Status": "attached"},
            }
        )
    state = net.dice.choice(("running",) * 14 + ("stopped", "terminated"))
    net.resources["Instances"].append(
        {"InstanceId": instance_id, "State": {"Name": state}, "NetworkInterfaces": named, **place}
    )


def _rule(net: Network) -> Json:
    """Return what a NAT instance admits: mostly the whole VPC, else a part of it or the wrong thing."""
    rules = (
        *[_EVERYTHING] * 16,
        {**_HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        {**_HTTPS, "IpRanges": [{"CidrIp": "10.0.0.0/24"}]},
        {**_HTTPS, "UserIdGroupPairs": [{"GroupId": net.id("sg", "a")}]},
        {**_HTTPS, "PrefixListIds": [{"PrefixListId": net.id("pl", 0)}]},
        {**_HTTPS, "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]},
    )
    rule = dict(net.dice.choice(rules))
    return {"IpRanges": [], "Ipv6Ranges": [], "UserIdGroupPairs": [], "PrefixListIds": [], **rule}


def _group(net: Network, name: str, rules: list[Json], *, owner: str) -> Json:
    return {
        "GroupId": net.id("sg", name),
        "GroupName": name,
        "VpcId": net.id("vpc"),
        "OwnerId": owner,
        "IpPermissions": rules,
        "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    }


def _attach_transit_gateway(net: Network, subnets: list[str]) -> None:
    """Attach the VPC to its transit gateway in some of its zones, or to another one."""
    attachment = {
        "TransitGatewayAttachmentId": net.id("tgw-attach"),
        "TransitGatewayId": net.id("tgw", net.dice.choice((0,) * 8 + (1,))),
        "VpcId": net.id("vpc"),
        "VpcOwnerId": net.owner,
        "State": net.dice.choice(("available",) * 10 + ("pending", "deleted")),
        "SubnetIds": net.dice.sample(subnets, net.dice.randint(1, len(subnets))),
    }
    net.resources["TransitGatewayVpcAttachments"] += [attachment] if net.odds(0.9) else []


def add_functions(net: Network) -> None:
    """Add a function for each subnet, and some in several; and Lambda's interfaces for some of them."""
    subnets = [one["SubnetId"] for one in net.resources["Subnets"] if "-app" in one["SubnetId"]]
    chosen = [[subnet_id] for subnet_id in subnets]
    if len(subnets) > 1:
        chosen += [net.dice.sample(subnets, net.dice.randint(2, len(subnets))) for _ in range(2)]
    pairs: dict[tuple[str, ...], Json] = {}
    for index, subnet_ids in enumerate(chosen):
        groups = [net.id("sg", name) for name in net.dice.choice(_GROUP_SETS)]
        network = {
            "VpcId": net.id("vpc"),
            "SubnetIds": subnet_ids,
            "SecurityGroupIds": groups,
            "Ipv6AllowedForDualStack": net.odds(0.3),
        }
        name = f"f-{net.number}-{index}"
        net.functions.append(
            {
                "FunctionName": name,
                "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}",
                "Version": "$LATEST",
                "VpcConfig": network,
            }
        )
        pairs |= {(one, *groups): _lambda_interface(net, one, groups) for one in subnet_ids if net.odds(0.5)}
    net.resources["NetworkInterfaces"] += list(pairs.values())


def _lambda_interface(net: Network, subnet_id: str, groups: list[str]) -> Json:
    address = {"Association": {"PublicIp": "198.51.100.7"}} if net.odds(0.3) else {}
    return {
        "NetworkInterfaceId": net.id("eni", "-".join(("lambda", subnet_id, *groups))),
        "OwnerId": ACCOUNT,
        "InterfaceType": "lambda",
        "VpcId": net.id("vpc"),
        "SubnetId": subnet_id,
        "SourceDestCheck": True,
        "Groups": [{"GroupId": one} for one in groups],
        **address,
    }
